#include "net/dns.h"

#include <algorithm>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <optional>

#include "base/text.h"

namespace heliopost::net {

namespace ip = boost::asio::ip;

namespace {

constexpr size_t name_octets_max = 255;  // RFC 1035 §2.3.4

// The uncompressed domain name that fills wire whole, in lower case. An octet that could be taken for
// the dot between labels, or that no host name has, makes it malformed.
std::optional<std::string> host_name(std::string_view wire) {
    std::string name;
    if (wire.size() > name_octets_max) return std::nullopt;
    for (;;) {
        if (wire.empty()) return std::nullopt;
        const auto length = static_cast<unsigned char>(wire.front());
        wire.remove_prefix(1);
        if (length == 0) break;
        if (length > 63 || length > wire.size()) return std::nullopt;  // RFC 1035 §2.3.4
        if (!name.empty()) name += '.';
        for (const char c : wire.substr(0, length)) {
            if (c <= ' ' || c == '.' || c >= 0x7F) return std::nullopt;
            name += lower(c);
        }
        wire.remove_prefix(length);
    }
    if (!wire.empty()) return std::nullopt;
    return name;
}

}  // namespace

bool is_query_name(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty() || name.size() > name_octets_max - 2) return false;
    for (const std::string_view label : split(name, '.')) {
        if (label.empty() || label.size() > 63) return false;
        if (!std::ranges::all_of(label, [](char c) { return c >= ' ' && c < '\x7f' && c != '\\'; }))
            return false;
    }
    return true;
}

bool DnsBudget::spend() {
    if (queries_ >= share_ || (whole_ != nullptr && !whole_->spend())) return false;
    ++queries_;
    return true;
}

Task<DnsAnswer> DnsBudget::query(std::string name, RecordType type) {
    if (!is_query_name(name)) co_return DnsAnswer{.status = DnsAnswer::Status::no_name};
    if (!spend()) co_return DnsAnswer{};
    DnsAnswer answer = co_await resolver_.query(std::move(name), type, deadline_);
    co_return answer;
}

// RFC 1035 §3.3.9: PREFERENCE, EXCHANGE
std::vector<MxRecord> mx_records(const DnsAnswer& answer) {
    std::vector<MxRecord> found;
    for (const std::string& record : answer.records) {
        if (record.size() < 3) continue;
        const auto high = static_cast<unsigned char>(record[0]);
        const auto low = static_cast<unsigned char>(record[1]);
        std::optional<std::string> exchange = host_name(std::string_view(record).substr(2));
        if (exchange) found.push_back({static_cast<std::uint16_t>(high << 8 | low), std::move(*exchange)});
    }
    return found;
}

// A: RFC 1035 §3.4.1; AAAA: RFC 3596 §2.2
std::vector<IpAddress> address_records(const DnsAnswer& answer) {
    std::vector<IpAddress> found;
    for (const std::string& record : answer.records) {
        if (ip::address_v4::bytes_type v4; record.size() == v4.size()) {
            std::ranges::copy(record, v4.begin());
            found.emplace_back(ip::address_v4(v4));
        } else if (ip::address_v6::bytes_type v6; record.size() == v6.size()) {
            std::ranges::copy(record, v6.begin());
            found.emplace_back(ip::address_v6(v6));
        }
    }
    return found;
}

// RFC 1035 §3.3.12: PTRDNAME
std::vector<std::string> ptr_records(const DnsAnswer& answer) {
    std::vector<std::string> found;
    for (const std::string& record : answer.records)
        if (std::optional<std::string> name = host_name(record)) found.push_back(*std::move(name));
    return found;
}

// RFC 1035 §3.3.14: one or more <character-string>s
std::vector<std::string> txt_records(const DnsAnswer& answer) {
    std::vector<std::string> found;
    for (const std::string& record : answer.records) {
        std::string joined;
        std::string_view rest = record;
        bool whole = !rest.empty();
        while (whole && !rest.empty()) {
            const auto length = static_cast<unsigned char>(rest.front());
            whole = length < rest.size();
            joined += rest.substr(1, length);
            rest.remove_prefix(std::min<size_t>(rest.size(), length + size_t{1}));
        }
        if (whole) found.push_back(std::move(joined));
    }
    return found;
}

}  // namespace heliopost::net
