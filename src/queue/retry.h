// When to try again, when to warn, when to give up. Pure: RFC 5321 §4.5.4.1.
//
// 5 min, 10 min, 20 min ... to 4 h, each varied by up to a fifth, so that a remote that was down is not
// met by everything at once; a warning after 4 h; the end after 5 days.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "queue/entry.h"

namespace heliopost::queue {

struct RetryOptions {
    std::chrono::milliseconds first{std::chrono::minutes(5)};
    std::chrono::milliseconds longest{std::chrono::hours(4)};
    unsigned jitter_percent = 20;                                  // at most 90
    std::chrono::milliseconds warn_after{std::chrono::hours(4)};   // 0: never
    std::chrono::milliseconds expire_after{std::chrono::days(5)};  // sets Entry::expiry
};

// What varies the wait: the same for all recipients of a message that failed as often, so that they are tried
// again together, and told of in one DSN; different from message to message.
std::uint64_t spread_of(QueueId id, std::uint32_t attempts);

// How long to wait after the attempt-th failed attempt (from 1). random: any 64 bits.
std::chrono::milliseconds wait_after(const RetryOptions& options, std::uint32_t attempt,
                                     std::uint64_t random);
// No wait_after() is longer: a next attempt that is farther away was set by a clock that has gone back since.
std::chrono::milliseconds longest_wait(const RetryOptions& options);

// What follows from an attempt at `now` that did not deliver and may be tried again.
struct AfterFailure {
    std::optional<Time> next_attempt;  // nothing: expired, it is failed for good
    bool warn = false;                 // a delay warning is due now (and NOTIFY does not forbid it)
};
// recipient as it was before the attempt. The last attempt falls on the expiry, not long before it.
AfterFailure after_failure(const RetryOptions& options, const Entry& entry, const Recipient& recipient,
                           Time now, std::uint64_t random);

}  // namespace heliopost::queue
