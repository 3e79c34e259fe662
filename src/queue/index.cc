#include "queue/index.h"

#include <algorithm>
#include <tuple>

#include "base/assert.h"

namespace heliopost::queue {

Index::Row* Index::find(Indexed& entry, std::uint32_t recipient) {
    const auto at = std::ranges::lower_bound(entry.rows, recipient, {}, &Row::recipient);
    return at != entry.rows.end() && at->recipient == recipient ? &*at : nullptr;
}

const Index::Row* Index::find(const Indexed& entry, std::uint32_t recipient) {
    const auto at = std::ranges::lower_bound(entry.rows, recipient, {}, &Row::recipient);
    return at != entry.rows.end() && at->recipient == recipient ? &*at : nullptr;
}

void Index::count(const Row& row, bool in) {
    const auto step = [in](std::size_t& counter) { in ? ++counter : --counter; };
    if (row.state == State::pending) step(counts_.pending);
    if (row.state == State::held) step(counts_.held);
    if (row.leased) step(counts_.leased);
}

void Index::add(QueueId id, const std::vector<Recipient>& recipients, AccountId submitter) {
    const auto [at, added] = entries_.try_emplace(id);
    if (!added) return;
    Indexed& entry = at->second;
    std::map<std::string, std::uint32_t> groups;
    for (const Recipient& recipient : recipients) {
        ASSERT(entry.rows.empty() || entry.rows.back().recipient < recipient.index);
        std::string destination = destination_of_(recipient);
        const auto next = static_cast<std::uint32_t>(entry.groups.size());
        const auto [group, fresh] = groups.try_emplace(destination, next);
        if (fresh) entry.groups.push_back({std::move(destination), {}, std::nullopt});
        entry.groups[group->second].rows.push_back(static_cast<std::uint32_t>(entry.rows.size()));
        Row row;
        row.recipient = recipient.index;
        row.state = recipient.state;
        row.next_attempt = recipient.next_attempt;
        row.group = group->second;
        count(row, true);
        entry.rows.push_back(row);
    }
    ++counts_.entries;
    counts_.rows += entry.rows.size();
    entry.submitter = submitter;
    if (!entry.rows.empty()) submitted_[submitter] += entry.rows.size();
    for (std::uint32_t group = 0; group < entry.groups.size(); ++group) place(id, entry, group);
}

void Index::erase(QueueId id) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) return;
    Indexed& entry = at->second;
    for (std::uint32_t group = 0; group < entry.groups.size(); ++group)
        set_waiting(entry.groups[group].destination, entry.groups[group].at, std::nullopt, id, group);
    for (const Row& row : entry.rows) count(row, false);
    --counts_.entries;
    counts_.rows -= entry.rows.size();
    if (const auto of = submitted_.find(entry.submitter); of != submitted_.end()) {
        of->second -= entry.rows.size();
        if (of->second == 0) submitted_.erase(of);
    }
    entries_.erase(at);
}

// Finds the group's place among the waiting anew, after its rows changed.
void Index::place(QueueId id, Indexed& entry, std::uint32_t number) {
    Group& group = entry.groups[number];
    std::optional<Time> earliest;
    for (const std::uint32_t position : group.rows) {
        const Row& row = entry.rows[position];
        if (row.state != State::pending || row.leased) continue;
        if (!earliest || row.next_attempt < *earliest) earliest = row.next_attempt;
    }
    if (earliest == group.at) return;
    set_waiting(group.destination, group.at, earliest, id, number);
    group.at = earliest;
}

void Index::set_waiting(const std::string& destination, const std::optional<Time>& from,
                        const std::optional<Time>& to, QueueId id, std::uint32_t group) {
    Waiting& waiting = destinations_[destination];
    if (!waiting.empty()) order_.erase({std::get<Time>(*waiting.begin()), destination});
    if (from) waiting.erase({*from, id, group});
    if (to) waiting.emplace(*to, id, group);
    if (waiting.empty())
        destinations_.erase(destination);
    else
        order_.emplace(std::get<Time>(*waiting.begin()), destination);
}

std::optional<Taken> Index::take_one(const std::string& destination, const DueQuery& query) {
    const auto at = destinations_.find(destination);
    if (at == destinations_.end()) return std::nullopt;
    const auto [when, id, number] = *at->second.begin();
    if (when > query.now) return std::nullopt;
    const std::size_t recipients = std::clamp<std::size_t>(query.recipients, 1, lease_recipients_max);
    Indexed& entry = entries_.at(id);
    Taken taken{id, destination, {}};
    for (const std::uint32_t position : entry.groups[number].rows) {
        Row& row = entry.rows[position];
        if (row.state != State::pending || row.leased || row.next_attempt > query.now) continue;
        row.leased = true;
        ++counts_.leased;
        taken.recipients.push_back(row.recipient);
        if (taken.recipients.size() == recipients) break;
    }
    place(id, entry, number);
    ASSERT(!taken.recipients.empty());
    return taken;
}

std::vector<Taken> Index::take(const DueQuery& query) {
    const std::size_t leases = std::min(query.leases, leases_max);
    const auto full = [&query] { return query.full && query.full(); };
    // Under a lock, and a queue may have a million destinations: no further than there is room for leases.
    std::vector<std::string> due;
    for (const auto& [when, destination] : order_) {
        if (when > query.now || due.size() == leases || full()) break;
        if (!query.may_start || query.may_start(destination)) due.push_back(destination);
    }
    std::vector<Taken> taken;
    while (!due.empty()) {
        std::vector<std::string> again;
        for (std::string& destination : due) {
            std::optional<Taken> one = take_one(destination, query);
            if (!one) continue;
            taken.push_back(std::move(*one));
            again.push_back(std::move(destination));
        }
        due.clear();
        for (std::string& destination : again) {
            if (taken.size() + due.size() >= leases) break;
            if (full()) break;
            if (!query.may_start || query.may_start(destination)) due.push_back(std::move(destination));
        }
    }
    return taken;
}

void Index::give_back(QueueId id, const std::vector<std::uint32_t>& recipients) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) return;
    std::set<std::uint32_t> touched;
    for (const std::uint32_t recipient : recipients) {
        Row* row = find(at->second, recipient);
        if (row == nullptr || !row->leased) continue;
        row->leased = false;
        --counts_.leased;
        touched.insert(row->group);
    }
    for (const std::uint32_t group : touched) place(id, at->second, group);
}

void Index::put_off(QueueId id, const std::vector<std::uint32_t>& recipients, Time until) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) return;
    std::set<std::uint32_t> touched;
    for (const std::uint32_t recipient : recipients) {
        Row* row = find(at->second, recipient);
        if (row == nullptr || row->state != State::pending) continue;
        row->next_attempt = std::max(row->next_attempt, until);
        touched.insert(row->group);
    }
    for (const std::uint32_t group : touched) place(id, at->second, group);
}

void Index::not_later_than(Time latest) {
    for (auto& [id, entry] : entries_) {
        for (Row& row : entry.rows) row.next_attempt = std::min(row.next_attempt, latest);
        for (std::uint32_t group = 0; group < entry.groups.size(); ++group) place(id, entry, group);
    }
}

void Index::update(QueueId id, const std::vector<IndexRow>& rows) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) return;
    std::set<std::uint32_t> touched;
    for (const IndexRow& now : rows) {
        Row* row = find(at->second, now.recipient);
        if (row == nullptr) continue;
        count(*row, false);
        row->state = now.state;
        row->next_attempt = now.next_attempt;
        count(*row, true);
        touched.insert(row->group);
    }
    for (const std::uint32_t group : touched) place(id, at->second, group);
}

bool Index::is_leased(QueueId id, std::uint32_t recipient) const {
    const auto at = entries_.find(id);
    if (at == entries_.end()) return false;
    const Row* row = find(at->second, recipient);
    return row != nullptr && row->leased;
}

bool Index::all_final(QueueId id, const std::vector<std::uint32_t>& but) const {
    const auto at = entries_.find(id);
    if (at == entries_.end()) return false;
    const std::set<std::uint32_t> named(but.begin(), but.end());
    return std::ranges::all_of(at->second.rows, [&named](const Row& row) {
        return (is_final(row.state) && !row.leased) || named.contains(row.recipient);
    });
}

std::vector<std::uint32_t> Index::recipients(QueueId id) const {
    std::vector<std::uint32_t> recipients;
    const auto at = entries_.find(id);
    if (at == entries_.end()) return recipients;
    recipients.reserve(at->second.rows.size());
    for (const Row& row : at->second.rows) recipients.push_back(row.recipient);
    return recipients;
}

bool Index::any_in(QueueId id, State state) const {
    const auto at = entries_.find(id);
    return at != entries_.end() &&
           std::ranges::any_of(at->second.rows, [state](const Row& row) { return row.state == state; });
}

std::vector<QueueId> Index::ids_above(QueueId id, std::size_t limit) const {
    std::vector<QueueId> ids;
    for (auto at = entries_.upper_bound(id); at != entries_.end() && ids.size() < limit; ++at)
        ids.push_back(at->first);
    return ids;
}

std::optional<Time> Index::next_due() const {
    if (order_.empty()) return std::nullopt;
    return order_.begin()->first;
}

std::size_t Index::rows_of(AccountId submitter) const {
    const auto at = submitted_.find(submitter);
    return at == submitted_.end() ? 0 : at->second;
}

Counts Index::counts() const {
    return counts_;
}

std::map<QueueId, std::vector<IndexRow>> Index::rows() const {
    std::map<QueueId, std::vector<IndexRow>> all;
    for (const auto& [id, entry] : entries_)
        for (const Row& row : entry.rows) all[id].push_back(row);
    return all;
}

}  // namespace heliopost::queue
