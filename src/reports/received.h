// Received: the reports of others about our domains, kept to be shown.
//
// Aggregate reports (RFC 9990) and failure reports (RFC 6591). A report of the same organisation, id and
// domain is one, however often it comes. What is not about a domain of ours is not kept. All together they
// take at most received_total_octets_max; then the oldest go, and so does what is older than the days kept.
//
// Any loop may call any member; the store and the directory outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "directory/directory.h"
#include "net/task.h"
#include "proto/feedback/report.h"
#include "store/store.h"

namespace heliopost::reports {

inline constexpr std::size_t received_octets_max =
    2'000'000;  // of a report's record; rows past it are left out
inline constexpr std::uint64_t received_total_octets_max = std::uint64_t{256} << 20;

enum class Taken : std::uint8_t { kept, known, not_ours };
std::string_view name_of(Taken taken);

// A report as it is kept. Of an aggregate report there are rows; of a failure report there is the failure.
struct ReceivedAggregate {
    Time at;  // when it came
    feedback::Aggregate report;
    std::uint64_t left_out = 0;  // messages of rows that are not kept
};
struct ReceivedFailure {
    Time at;
    feedback::Failure report;  // without the header of the message
};

enum class ReceivedKind : std::uint8_t { aggregate = 5, failure = 6 };  // of the key

class Received {
public:
    Received(store::Store& store, directory::Directory& directory) : store_(store), directory_(directory) {}

    net::Task<Result<Taken>> keep(feedback::Report report, Time now);

    // Erases what came before.
    net::Task<Result<void>> forget(Time before);

    // Each that is kept, in no order. What cannot be read is left for fsck.
    net::Task<Result<void>> each_aggregate(std::function<void(const ReceivedAggregate&)> take);
    net::Task<Result<void>> each_failure(std::function<void(const ReceivedFailure&)> take);

private:
    struct Held {
        Time at;
        std::string key;  // without the piece
        std::uint64_t octets = 0;
    };
    net::Task<Result<Taken>> put(ReceivedKind kind, std::string id, std::string record);
    net::Task<Result<std::vector<Held>>> list();
    net::Task<Result<void>> erase(Held held);
    net::Task<Result<void>> make_room();
    net::Task<Result<void>> each(ReceivedKind kind, std::function<void(const std::string&)> take);
    bool is_ours(std::string_view domain) const;

    store::Store& store_;
    directory::Directory& directory_;
};

}  // namespace heliopost::reports
