// Output: what a session has to say, sent when it is much or when the client waits.
//
// The back-pressure of a FETCH over a large mailbox: the text grows to output_octets_max, then the session
// waits until the client has taken it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "net/stream.h"
#include "net/task.h"
#include "net/world.h"

namespace heliopost::imap_server {

inline constexpr std::size_t output_octets_max = 128 * 1024;
inline constexpr std::size_t output_octets_kept = 4 * output_octets_max;  // room for a chunk behind it
inline constexpr std::chrono::minutes write_time_max{5};

class Output {
public:
    Output(net::World& world, net::Stream& stream) : world_(world), stream_(stream) {}

    std::string& text() { return text_; }                     // append to it
    void end_by(Deadline deadline) { deadline_ = deadline; }  // no write waits longer
    bool full() const { return text_.size() >= output_octets_max; }

    net::Task<void> flush();          // sends all; keeps room for output_octets_kept, if so much
    net::Task<void> flush_if_full();  // call between the answers of one command
    void release();                   // gives the memory back, once all is sent: before a long wait

    std::size_t octets_held() const { return text_.capacity(); }

    // Sent so far; what stands in text() can still be taken back.
    std::uint64_t flushes() const { return flushes_; }

private:
    net::World& world_;
    net::Stream& stream_;
    std::string text_;
    Deadline deadline_ = Deadline::max();
    std::uint64_t flushes_ = 0;
};

}  // namespace heliopost::imap_server
