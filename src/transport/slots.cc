#include "transport/slots.h"

#include <utility>

namespace heliopost::transport {

std::size_t Slots::of(std::string_view destination) const {
    const auto found = by_destination.find(destination);
    return found == by_destination.end() ? 0 : found->second;
}

Slot::Slot(std::shared_ptr<Slots> slots, std::string destination)
    : slots_(std::move(slots)), destination_(std::move(destination)) {
    ++slots_->all;
    ++slots_->by_destination[destination_];
}

Slot::~Slot() {
    --slots_->all;
    const auto found = slots_->by_destination.find(destination_);
    if (--found->second == 0) slots_->by_destination.erase(found);
}

}  // namespace heliopost::transport
