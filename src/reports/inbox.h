// Inbox: mail to the addresses of [reports] addresses, read for reports after it was delivered.
//
//   if (inbox.takes(recipient)) inbox.offer(message->blob.ref);   // any thread, after the commit
//
// The message is in its mailbox whatever becomes of the report; what waits here when the process ends is not
// read (`heliopost reports import` reads files). One message at a time, parsed on the pool.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "net/event.h"
#include "net/task.h"
#include "net/world.h"
#include "proto/smtp/address.h"
#include "reports/received.h"
#include "store/blob.h"

namespace heliopost::reports {

inline constexpr std::size_t inbox_waiting_max = 1'000;  // messages; more are not read
inline constexpr std::uint64_t inbox_message_octets_max = std::uint64_t{20}
                                                          << 20;  // reports have 10 MB at most

class Inbox {
public:
    // home: where run() runs; all outlive it.
    Inbox(net::World& home, store::Store& store, Received& received,
          const std::vector<std::string>& addresses);

    bool takes(const smtp::Address& address) const { return addresses_.contains(text_of(address)); }
    void offer(store::BlobRef blob);
    bool waits() const;  // something is to be read

    // Until it is stopped.
    net::Task<void> run();

private:
    static std::string text_of(const smtp::Address& address);
    std::optional<store::BlobRef> next();
    net::Task<Result<Taken>> read(store::BlobRef blob);

    net::World& home_;
    store::Store& store_;
    Received& received_;
    std::set<std::string> addresses_;
    net::Event offered_;
    mutable std::mutex mutex_;
    std::deque<store::BlobRef> waiting_;
};

}  // namespace heliopost::reports
