// Slots: how many attempts are under way, in all and to each destination.
//
// A Slot is held by an attempt from its start until its outcome is recorded. It may outlive the Transport
// where a host crashed: hence the shared count. One loop.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace heliopost::transport {

struct Slots {
    std::size_t all = 0;
    std::map<std::string, std::size_t, std::less<>> by_destination;

    std::size_t of(std::string_view destination) const;
};

class Slot {
public:
    Slot(std::shared_ptr<Slots> slots, std::string destination);
    ~Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

private:
    std::shared_ptr<Slots> slots_;
    std::string destination_;
};

}  // namespace heliopost::transport
