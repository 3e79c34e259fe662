#include "server/smtp/arriving.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace heliopost::smtp_server {

Arriving::Share::Share(Arriving* of, const net::IpAddress& client, std::size_t part)
    : of_(of), key_(of == nullptr ? "" : net::limit_key(client)), part_(part) {}

Arriving::Share::Share(Share&& other) noexcept
    : of_(std::exchange(other.of_, nullptr)),
      key_(std::move(other.key_)),
      part_(other.part_),
      octets_(std::exchange(other.octets_, 0)) {}

Arriving::Share& Arriving::Share::operator=(Share&& other) noexcept {
    if (this == &other) return *this;
    give_back();
    of_ = std::exchange(other.of_, nullptr);
    key_ = std::move(other.key_);
    part_ = other.part_;
    octets_ = std::exchange(other.octets_, 0);
    return *this;
}

bool Arriving::Share::grow_for(std::uint64_t octets, std::size_t most) {
    // In steps, so that the loops do not meet at the lock for each line.
    const std::uint64_t held = std::min<std::uint64_t>(octets, most / held_for_an_octet) * held_for_an_octet;
    return grow_to(
        static_cast<std::size_t>(std::min<std::uint64_t>(held / share_step * share_step + share_step, most)));
}

bool Arriving::Share::grow_to(std::size_t octets) {
    if (of_ == nullptr || octets <= octets_) return true;
    if (!of_->take(key_, part_, octets - octets_)) return false;
    octets_ = octets;
    return true;
}

void Arriving::Share::give_back() {
    if (octets_ > 0) of_->give_back(key_, octets_);
    octets_ = 0;
}

bool Arriving::take(const std::string& key, std::size_t part, std::size_t octets) {
    const std::lock_guard lock(mutex_);
    if (octets > octets_max_ - octets_) return false;
    const std::size_t left = octets_max_ - octets_ - octets;
    const auto at = by_address_.find(key);
    const std::size_t has = at == by_address_.end() ? 0 : at->second;
    if (has + octets > left / part) return false;
    by_address_[key] += octets;
    octets_ += octets;
    return true;
}

void Arriving::give_back(const std::string& key, std::size_t octets) {
    const std::lock_guard lock(mutex_);
    const auto at = by_address_.find(key);
    ASSERT(at != by_address_.end());
    ASSERT(at->second >= octets);
    at->second -= octets;
    octets_ -= octets;
    if (at->second == 0) by_address_.erase(at);
}

}  // namespace heliopost::smtp_server
