#include "net/memory_resolver.h"

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"
#include "net/wait.h"
#include "net/world.h"

namespace heliopost::net {
namespace {

constexpr int cname_hops_max = 8;

std::string key_of(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    return to_lower(name);
}

std::string wire_name(std::string_view name) {
    std::string wire;
    const std::string key = key_of(name);
    if (!key.empty())
        for (const std::string_view label : split(key, '.')) {
            ASSERT(!label.empty() && label.size() <= 63);
            wire += static_cast<char>(label.size());
            wire += label;
        }
    wire += '\0';
    return wire;
}

template <class Set>
void put(Set& set, std::string_view name, bool in) {
    in ? void(set.insert(key_of(name))) : void(set.erase(key_of(name)));
}

}  // namespace

void MemoryZone::add(std::string_view name, RecordType type, std::string rdata) {
    names_[key_of(name)][type].push_back(std::move(rdata));
}

void MemoryZone::add_mx(std::string_view name, std::uint16_t preference, std::string_view exchange) {
    std::string rdata{static_cast<char>(preference >> 8), static_cast<char>(preference & 0xFF)};
    add(name, RecordType::mx, rdata + wire_name(exchange));
}

void MemoryZone::add_address(std::string_view name, std::string_view address) {
    const IpAddress parsed = boost::asio::ip::make_address(std::string(address));
    std::string rdata;
    const auto append = [&rdata](const auto& octets) {
        for (const unsigned char octet : octets) rdata += static_cast<char>(octet);
    };
    parsed.is_v4() ? append(parsed.to_v4().to_bytes()) : append(parsed.to_v6().to_bytes());
    add(name, parsed.is_v4() ? RecordType::a : RecordType::aaaa, rdata);
}

void MemoryZone::add_txt(std::string_view name, std::string_view text) {
    std::string rdata;
    do {
        const std::string_view part = text.substr(0, 255);
        rdata += static_cast<char>(part.size());
        rdata += part;
        text.remove_prefix(part.size());
    } while (!text.empty());
    add(name, RecordType::txt, rdata);
}

void MemoryZone::add_ptr(std::string_view name, std::string_view target) {
    add(name, RecordType::ptr, wire_name(target));
}

void MemoryZone::add_cname(std::string_view name, std::string_view target) {
    add(name, RecordType::cname, wire_name(target));
}

void MemoryZone::remove(std::string_view name) {
    names_.erase(key_of(name));
}

void MemoryZone::set_failing(std::string_view name, bool failing) {
    put(failing_, name, failing);
}

void MemoryZone::set_bogus(std::string_view name, bool bogus) {
    put(bogus_, name, bogus);
}

void MemoryZone::set_secure(std::string_view name, bool secure) {
    put(secure_, name, secure);
}

void MemoryZone::set_silent(std::string_view name, bool silent) {
    put(silent_, name, silent);
}

bool MemoryZone::silent(std::string_view name) const {
    return silent_.contains(key_of(name));
}

DnsAnswer MemoryZone::answer(std::string_view name, RecordType type) const {
    DnsAnswer answer;
    answer.canonical_name = key_of(name);
    answer.secure = true;
    for (int hop = 0; hop <= cname_hops_max; ++hop) {
        const std::string& at = answer.canonical_name;
        if (failing_.contains(at)) return {};
        if (bogus_.contains(at)) return {.status = DnsAnswer::Status::bogus};
        answer.secure = answer.secure && secure_.contains(at);
        const auto found = names_.find(at);
        if (found == names_.end()) {
            answer.status = DnsAnswer::Status::no_name;
            return answer;
        }
        if (const auto records = found->second.find(type); records != found->second.end()) {
            answer.status = DnsAnswer::Status::found;
            answer.ttl = std::chrono::hours(1);
            answer.records = records->second;
            return answer;
        }
        const auto alias = found->second.find(RecordType::cname);
        if (alias == found->second.end()) {
            answer.status = DnsAnswer::Status::no_records;
            return answer;
        }
        // The target as text: an MX record without preference is a name, too.
        const DnsAnswer target{.records = {std::string("\0\0", 2) + alias->second.front()}};
        answer.canonical_name = mx_records(target).front().exchange;
    }
    return {};
}

Task<DnsAnswer> MemoryResolver::query(std::string name, RecordType type, Deadline deadline) {
    const std::pair key(key_of(name), type);
    if (const auto known = absent_.find(key); known != absent_.end() && world_.tick() < known->second.second)
        co_return known->second.first;
    DnsAnswer answer = co_await ask(std::move(name), type, deadline);
    using Status = DnsAnswer::Status;
    const bool absent = answer.status == Status::no_name || answer.status == Status::no_records;
    if (absent && zone_.absent_ttl().count() != 0)
        absent_.insert_or_assign(key, std::pair(answer, world_.after(zone_.absent_ttl())));
    co_return answer;
}

Task<DnsAnswer> MemoryResolver::ask(std::string name, RecordType type, Deadline deadline) {
    const Instant answered = world_.after(zone_.latency());
    const bool late = answered > deadline || zone_.silent(name);
    Wait wait(world_);
    const Wait::End how = co_await wait.until(late ? deadline : answered);
    if (how == Wait::End::stopped) throw Stopped();
    if (late) co_return DnsAnswer{};
    co_return zone_.answer(name, type);
}

}  // namespace heliopost::net
