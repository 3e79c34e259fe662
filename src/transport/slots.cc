#include "transport/slots.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "transport/client.h"

namespace heliopost::transport {

std::size_t Slots::of(std::string_view destination) const {
    const auto found = by_destination.find(destination);
    return found == by_destination.end() ? 0 : found->second;
}

bool Slots::is_slow(std::string_view destination, Instant now) const {
    const auto found = slow_until.find(destination);
    return found != slow_until.end() && now < found->second;
}

std::size_t Slots::end_slow(Instant now, std::size_t keep) {
    std::vector<Slot*> slow;
    std::ranges::copy_if(held, std::back_inserter(slow),
                         [now](const Slot* slot) { return slot->may_be_ended(now); });
    if (slow.size() <= keep) return 0;
    std::ranges::sort(slow, {}, [](const Slot* slot) { return slot->moved_; });
    slow.resize(slow.size() - keep);
    for (Slot* const slot : slow) {
        slot->ended_ = true;
        if (slot->client != nullptr) slot->client->give_up();
    }
    return slow.size();
}

Slot::Slot(std::shared_ptr<Slots> slots, std::string destination, Instant now)
    : slots_(std::move(slots)),
      destination_(std::move(destination)),
      moved_(now),
      place_(slots_->held.insert(slots_->held.end(), this)),
      known_as_slow_(slots_->is_slow(destination_, now)) {
    ++slots_->all;
    ++slots_->by_destination[destination_];
    if (known_as_slow_) ++slots_->to_slow;
}

Slot::~Slot() {
    --slots_->all;
    if (known_as_slow_) --slots_->to_slow;
    slots_->held.erase(place_);
    const auto found = slots_->by_destination.find(destination_);
    if (--found->second == 0) slots_->by_destination.erase(found);
}

bool Slot::may_be_ended(Instant now) const {
    return !sent_end_ && !ended_ && now - moved_ >= slow_after;
}

void Slot::moved(Instant now) {
    was_slow_ = was_slow_ || now - moved_ >= slow_after;
    moved_ = now;
}

void Slot::sent_end(Instant now) {
    moved(now);
    sent_end_ = true;
}

void Slot::finish(Instant now) {
    moved(now);
    sent_end_ = true;
    if (!was_slow_) {
        slots_->slow_until.erase(destination_);
        return;
    }
    if (slots_->slow_until.size() >= slow_destinations_max) slots_->slow_until.clear();
    slots_->slow_until[destination_] = now + slow_for;
}

}  // namespace heliopost::transport
