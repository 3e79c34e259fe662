#include "queue/retry.h"

#include <doctest/doctest.h>

#include <set>

namespace heliopost::queue {

using namespace std::chrono_literals;

TEST_CASE("retry: the waits double up to the longest, varied by a fifth") {
    RetryOptions exact;
    exact.jitter_percent = 0;  // the longest wait is relay.retry_max
    struct Case {
        std::uint32_t attempt;
        std::chrono::minutes want;
    };
    const Case cases[] = {{0, 5min},
                          {1, 5min},
                          {2, 10min},
                          {3, 20min},
                          {6, 160min},
                          {7, 240min},
                          {4'000'000'000U, 240min}};  // doublings_max
    for (const auto& [attempt, want] : cases) {
        CAPTURE(attempt);
        CHECK(wait_after(exact, attempt, 12'345) == want);
    }
    const RetryOptions options;
    std::chrono::milliseconds least = 1h;
    std::chrono::milliseconds most = 0min;
    for (std::uint64_t random = 0; random < 2'000'000; random += 997) {
        const auto wait = wait_after(options, 1, random);
        least = std::min(least, wait);
        most = std::max(most, wait);
    }
    CHECK(least >= 4min);
    CHECK(least < 4min + 5s);
    CHECK(most <= 6min);
    CHECK(most > 6min - 5s);
    CHECK(longest_wait(options) == 288min);
    for (std::uint64_t random = 0; random < 2'000'000; random += 997)
        CHECK(wait_after(options, 7, random) <= longest_wait(options));
}

TEST_CASE("retry: the recipients of one message stay together, messages do not") {
    CHECK(spread_of(QueueId(1), 3) == spread_of(QueueId(1), 3));
    std::set<std::uint64_t> seen;
    for (std::uint64_t id = 0; id < 100; ++id)
        for (std::uint32_t attempts = 0; attempts < 10; ++attempts)
            seen.insert(spread_of(QueueId(id << 20U), attempts) % 1'000'000);
    CHECK(seen.size() > 990);
}

TEST_CASE("retry: a warning after four hours, once; the end after five days") {
    const RetryOptions options;  // relay.warn_after, relay.expire_after
    Entry entry;
    entry.created = Time(std::chrono::days(20'000));
    entry.expiry = entry.created + options.expire_after;
    Recipient recipient;
    recipient.attempts = 3;
    CHECK_FALSE(after_failure(options, entry, recipient, entry.created + 4h - 1ms, 0).warn);
    CHECK(after_failure(options, entry, recipient, entry.created + 4h, 0).warn);
    recipient.delay_warned = true;
    CHECK_FALSE(after_failure(options, entry, recipient, entry.created + 5h, 0).warn);
    // The last attempt is at the expiry, and final.
    CHECK(after_failure(options, entry, recipient, entry.expiry - 1min, 0).next_attempt == entry.expiry);
    const AfterFailure last = after_failure(options, entry, recipient, entry.expiry, 0);
    CHECK_FALSE(last.next_attempt.has_value());
    CHECK_FALSE(last.warn);
    // From the first attempt to the end it takes some forty attempts, not thousands.
    int attempts = 0;
    Time now = entry.created;
    recipient.attempts = 0;
    while (const auto next = after_failure(options, entry, recipient, now, 77).next_attempt) {
        REQUIRE(*next > now);
        now = *next;
        ++recipient.attempts;
        ++attempts;
    }
    CHECK(attempts > 25);
    CHECK(attempts < 60);
}

}  // namespace heliopost::queue
