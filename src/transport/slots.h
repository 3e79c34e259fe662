// Slots: how many attempts are under way, in all and to each destination, and which of them are slow.
//
// A Slot is held by an attempt from its start until its outcome is recorded. It may outlive the Transport
// where a host crashed: hence the shared count. One loop.
//
// A peer that keeps us waiting must not hold up the mail to others, under however many names it has its
// mail sent. An attempt is slow while nothing moved for slow_after: neither did it begin, nor was it told to
// send the content, nor was a block of that taken. Two rules follow:
//   - Where all slots are held and more is due, the slow ones keep a quarter of them; those of the others
//     that waited longest are ended, and their recipients wait for the next attempt. An attempt that has
//     sent the message's end is left alone: to end it could deliver the message twice (RFC 1047).
//   - A destination whose attempt was slow is remembered until one was not, or for slow_for; all such
//     destinations together are given no more than a quarter of the slots.
// Deviates from RFC 5321 §4.5.3.2, whose waits are minutes, only while all slots are held.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"

namespace heliopost::transport {

class Client;
class Slot;

inline constexpr std::chrono::seconds slow_after{60};
inline constexpr std::chrono::hours slow_for{6};              // past the longest wait for a retry
inline constexpr std::size_t slow_destinations_max = 10'000;  // then all are forgotten, and learnt anew
inline constexpr std::size_t slow_share = 4;                  // one slot of so many is for slow ones

// Of `slots` those that slow attempts may keep.
constexpr std::size_t slow_slots(std::size_t slots) {
    return slots < slow_share ? 1 : slots / slow_share;
}

struct Slots {
    std::size_t all = 0;
    std::size_t to_slow = 0;  // held for destinations that were known as slow
    std::map<std::string, std::size_t, std::less<>> by_destination;
    std::map<std::string, Instant, std::less<>> slow_until;
    std::list<Slot*> held;

    std::size_t of(std::string_view destination) const;
    bool is_slow(std::string_view destination, Instant now) const;
    // Ends the slow ones but for so many. Gives how many it ended.
    std::size_t end_slow(Instant now, std::size_t keep);
};

class Slot {
public:
    Slot(std::shared_ptr<Slots> slots, std::string destination, Instant now);
    ~Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    void moved(Instant now);     // the peer took something
    void sent_end(Instant now);  // all of the message: it is not ended any more
    void finish(Instant now);    // the attempt: what is left is to record
    bool ended() const { return ended_; }

    Client* client = nullptr;  // that the attempt waits for

private:
    friend struct Slots;
    bool may_be_ended(Instant now) const;

    std::shared_ptr<Slots> slots_;
    std::string destination_;
    Instant moved_;
    std::list<Slot*>::iterator place_;
    bool known_as_slow_;
    bool was_slow_ = false;
    bool sent_end_ = false;
    bool ended_ = false;
};

}  // namespace heliopost::transport
