#include "checks/dmarc/tree.h"

#include <algorithm>

namespace heliopost::dmarc_check {
namespace {

std::string_view parent_of(std::string_view domain) {
    const size_t dot = domain.find('.');
    return dot == std::string_view::npos ? std::string_view() : domain.substr(dot + 1);
}

size_t labels_of(std::string_view domain) {
    return static_cast<size_t>(std::ranges::count(domain, '.')) + 1;
}

// The name one label longer than its parent, on the way up from start.
std::string_view child_of(std::string_view parent, std::string_view start) {
    while (labels_of(start) > labels_of(parent) + 1) start = parent_of(start);
    return start;
}

// Whose a name is, below a domain that owns nothing of what is there: the next label's. Where that is a
// suffix too, as co.uk below uk, the list knows.
std::string owner_below(std::string_view parent, std::string_view start, const PublicSuffixes* suffixes) {
    std::string owner(child_of(parent, start));
    if (suffixes == nullptr || !suffixes->is_public_suffix(owner)) return owner;
    owner = suffixes->organisational_domain(start);
    return owner.empty() ? std::string(start) : owner;
}

}  // namespace

const dmarc::Record* Walk::record_at(std::string_view domain) const {
    for (const Step& step : steps)
        if (step.domain == domain) return &step.record;
    return nullptr;
}

std::vector<std::string> walked_names(std::string_view domain) {
    std::vector<std::string> names;
    if (domain.empty()) return names;
    names.emplace_back(domain);
    std::string_view name = parent_of(domain);
    while (!name.empty() && labels_of(name) >= queries_max) name = parent_of(name);
    for (; !name.empty(); name = parent_of(name)) names.emplace_back(name);
    return names;
}

// RFC 9989 §4.10: what is no record does not count, several are none
net::Task<Found> Tree::look(std::string domain) {
    if (const auto known = known_.find(domain); known != known_.end()) co_return known->second;
    const net::DnsAnswer answer = co_await dns_->query("_dmarc." + domain, net::RecordType::txt);
    using Status = net::DnsAnswer::Status;
    Found found;
    found.failed = answer.status == Status::failed || answer.status == Status::bogus;
    size_t records = 0, looked_at = 0;
    for (const std::string& text : net::txt_records(answer)) {
        if (++looked_at > records_looked_at_max) break;
        if (!dmarc::is_record(text)) continue;
        ++records;
        auto record = dmarc::parse_record(text);
        if (record)
            found.record = *std::move(record);
        else
            found.wrong = "the DMARC record of " + domain + " is wrong: " + record.error().text;
    }
    if (records > 1) {
        found.record.reset();
        found.wrong = domain + " publishes several DMARC records";
    }
    known_.emplace(domain, found);
    co_return found;
}

net::Task<Walk> Tree::walk(std::string domain) {
    Walk walk;
    const std::vector<std::string> names = walked_names(domain);
    for (const std::string& name : names) {
        Found found = co_await look(name);
        walk.failed |= found.failed;
        if (walk.wrong.empty()) walk.wrong = std::move(found.wrong);
        if (!found.record) continue;
        walk.steps.push_back({name, *std::move(found.record)});
        if (walk.steps.back().record.suffix != dmarc::SuffixMark::unknown) break;
    }
    co_return walk;
}

std::string organisational_domain(const Walk& walk, std::string_view start, const PublicSuffixes* suffixes) {
    for (const Walk::Step& step : walk.steps) {
        if (step.record.suffix == dmarc::SuffixMark::no) return step.domain;
        if (step.record.suffix == dmarc::SuffixMark::yes && step.domain != start)
            return owner_below(step.domain, start, suffixes);
    }
    if (walk.steps.empty()) return std::string(start);
    const std::string& shortest = walk.steps.back().domain;
    const bool is_suffix = suffixes != nullptr && suffixes->is_public_suffix(shortest);
    if (is_suffix && shortest != start) return owner_below(shortest, start, suffixes);
    return shortest;
}

}  // namespace heliopost::dmarc_check
