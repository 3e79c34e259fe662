#include "queue/retry.h"

#include <algorithm>
#include <random>

namespace heliopost::queue {
namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr std::uint32_t doublings_max = 20;
constexpr unsigned jitter_percent_max = 90;

}  // namespace

Milliseconds wait_after(const RetryOptions& options, std::uint32_t attempt, std::uint64_t random) {
    const std::uint32_t doublings = std::min(attempt == 0 ? 0 : attempt - 1, doublings_max);
    const Milliseconds wait = std::min(options.first * (std::int64_t{1} << doublings), options.longest);
    const std::int64_t jitter = wait.count() * std::min(options.jitter_percent, jitter_percent_max) / 100;
    const auto offset = static_cast<std::int64_t>(random % (2 * static_cast<std::uint64_t>(jitter) + 1));
    return wait + Milliseconds(offset - jitter);
}

Milliseconds longest_wait(const RetryOptions& options) {
    return options.longest + options.longest * std::min(options.jitter_percent, jitter_percent_max) / 100;
}

std::uint64_t spread_of(QueueId id, std::uint32_t attempts) {
    std::mt19937_64 spread(id.value ^ std::uint64_t{attempts} << 32U);
    return spread();
}

AfterFailure after_failure(const RetryOptions& options, const Entry& entry, const Recipient& recipient,
                           Time now, std::uint64_t random) {
    AfterFailure after;
    if (now >= entry.expiry) return after;
    after.next_attempt = std::min(now + wait_after(options, recipient.attempts + 1, random), entry.expiry);
    after.warn = options.warn_after.count() > 0 && !recipient.delay_warned &&
                 now - entry.created >= options.warn_after;
    return after;
}

}  // namespace heliopost::queue
