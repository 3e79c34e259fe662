#include "directory/login_delay.h"

#include <algorithm>

namespace heliopost::directory {
namespace {

constexpr std::uint32_t doublings_max = 16;  // of the delay; login_delay_max comes before

}  // namespace

std::chrono::microseconds delay_of(std::uint32_t failures, std::uint32_t free) {
    if (failures <= free) return {};
    const std::uint32_t doublings = std::min(failures - free - 1, doublings_max);
    return std::min<std::chrono::microseconds>(login_delay_first * (1 << doublings), login_delay_max);
}

LoginDelay::LoginDelay(std::string secret, std::size_t entries_max)
    : secret_(std::move(secret)),
      names_(entries_max),
      unknown_names_(entries_max),
      addresses_(entries_max),
      both_(entries_max),
      good_(entries_max) {}

LoginDelay::Digests LoginDelay::digests_of(const LoginSubject& subject) const {
    return {digest_of(secret_, "name", subject.name), digest_of(secret_, "address", subject.address),
            digest_of(secret_, "both", subject.address + '\0' + subject.name)};
}

std::uint32_t LoginDelay::count_at(const Failures* failures, Instant now) {
    if (failures == nullptr) return 0;
    const auto forgiven = static_cast<std::uint64_t>((now - failures->last) / login_failure_forgotten);
    return forgiven >= failures->count ? 0 : failures->count - static_cast<std::uint32_t>(forgiven);
}

void LoginDelay::count_failure(Failures& failures, Instant now) {
    failures.count = std::min(count_at(&failures, now) + 1, doublings_max + address_failures_free);
    failures.last = now;
}

bool LoginDelay::is_good(const Digest& both, Instant now) {
    const Instant* since = good_.find(both);
    return since != nullptr && now - *since < login_good_for;
}

std::optional<Instant> LoginDelay::take_turn(Table& table, const Digest& key, std::chrono::microseconds delay,
                                             Instant now) {
    if (delay.count() == 0) return now;
    Failures& failures = table.touch(key);
    const Instant turn = std::max(now, failures.turn) + delay;
    if (turn > now + 2 * login_delay_max) return std::nullopt;
    failures.turn = turn;
    return std::min(turn, now + login_delay_max);
}

LoginDelay::Turn LoginDelay::begin(const LoginSubject& subject, Instant now) {
    const Digests digests = digests_of(subject);
    const std::lock_guard lock(mutex_);
    Table& names = subject.exists ? names_ : unknown_names_;
    const auto by_name = delay_of(count_at(names.find(digests.name), now), account_failures_free);
    const auto by_address = delay_of(count_at(addresses_.find(digests.address), now), address_failures_free);
    const auto turn = take_turn(addresses_, digests.address, by_address, now);
    Turn result;
    result.full = !turn;
    // Refusals take as long as the longest wait: a wrong password that was looked at early can be one.
    result.answer = turn ? std::max(*turn, now + by_name) : now + login_delay_max;
    if (result.answer == now || !is_good(digests.both, now)) return result;
    const auto own = delay_of(count_at(both_.find(digests.both), now), good_failures_free);
    const auto early = take_turn(both_, digests.both, own, now);
    if (!early || *early >= result.answer) return result;
    // Counted before it is known to be wrong, so that many at once are no more guesses; success forgets it.
    count_failure(both_.touch(digests.both), now);
    result.early = early;
    return result;
}

void LoginDelay::failed(const LoginSubject& subject, Instant now) {
    const Digests digests = digests_of(subject);
    const std::lock_guard lock(mutex_);
    count_failure((subject.exists ? names_ : unknown_names_).touch(digests.name), now);
    count_failure(addresses_.touch(digests.address), now);
}

void LoginDelay::succeeded(const LoginSubject& subject, Instant now) {
    const Digests digests = digests_of(subject);
    const std::lock_guard lock(mutex_);
    good_.touch(digests.both) = now;
    both_.erase(digests.both);
}

}  // namespace heliopost::directory
