// Index: what is due when, and who has leased it. In memory, rebuilt from the rows at the start.
//
// Pure: no store, no clock, no locks. Every step costs the logarithm of the queue, or the recipients of
// one group. Order is by time, then by id, never by hash. Internal to queue/.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "queue/entry.h"
#include "queue/queue.h"

namespace heliopost::queue {

struct IndexRow {
    std::uint32_t recipient = 0;
    State state = State::pending;
    Time next_attempt{};
    bool operator==(const IndexRow&) const = default;
};

struct Taken {
    QueueId id;
    std::string destination;
    std::vector<std::uint32_t> recipients;
};

class Index {
public:
    using DestinationOf = std::function<std::string(const Recipient&)>;
    explicit Index(DestinationOf destination_of) : destination_of_(std::move(destination_of)) {}

    bool contains(QueueId id) const { return entries_.contains(id); }
    // Nothing happens if it is there. submitter: Entry::identity.
    void add(QueueId id, const std::vector<Recipient>& recipients, AccountId submitter = {});
    void erase(QueueId id);

    // Leases: at most one for each destination in a round, rounds until nothing more is due.
    std::vector<Taken> take(const DueQuery& query);
    void give_back(QueueId id, const std::vector<std::uint32_t>& recipients);

    // Rows as the store has them now; their leases stay as they are.
    void update(QueueId id, const std::vector<IndexRow>& rows);

    // Those of the rows that are pending are not due before then.
    void put_off(QueueId id, const std::vector<std::uint32_t>& recipients, Time until);

    // Rows that wait for longer wait until then.
    void not_later_than(Time latest);

    bool is_leased(QueueId id, std::uint32_t recipient) const;
    // No row of the entry is open or leased, but for those named.
    bool all_final(QueueId id, const std::vector<std::uint32_t>& but = {}) const;
    bool any_in(QueueId id, State state) const;
    std::vector<std::uint32_t> recipients(QueueId id) const;  // of all its rows; none where it is not known
    std::vector<QueueId> ids_above(QueueId id, std::size_t limit) const;
    std::optional<Time> next_due() const;
    Counts counts() const;
    std::size_t rows_of(AccountId submitter) const;  // final ones too

    // For tests: all that was told, without leases.
    std::map<QueueId, std::vector<IndexRow>> rows() const;

private:
    struct Row : IndexRow {
        bool leased = false;
        std::uint32_t group = 0;
    };
    struct Group {
        std::string destination;
        std::vector<std::uint32_t> rows;  // positions in Indexed::rows
        std::optional<Time> at;           // of the earliest row that can be leased
    };
    struct Indexed {
        std::vector<Row> rows;  // ascending recipients
        std::vector<Group> groups;
        AccountId submitter;
    };
    using Waiting = std::set<std::tuple<Time, QueueId, std::uint32_t>>;

    static Row* find(Indexed& entry, std::uint32_t recipient);
    static const Row* find(const Indexed& entry, std::uint32_t recipient);
    void place(QueueId id, Indexed& entry, std::uint32_t group);
    void set_waiting(const std::string& destination, const std::optional<Time>& from,
                     const std::optional<Time>& to, QueueId id, std::uint32_t group);
    std::optional<Taken> take_one(const std::string& destination, const DueQuery& query);
    void count(const Row& row, bool in);

    DestinationOf destination_of_;
    std::map<QueueId, Indexed> entries_;
    std::map<std::string, Waiting, std::less<>> destinations_;
    std::set<std::pair<Time, std::string>> order_;  // of destinations, by their earliest
    std::map<AccountId, std::size_t> submitted_;    // rows; none is 0
    Counts counts_;
};

}  // namespace heliopost::queue
