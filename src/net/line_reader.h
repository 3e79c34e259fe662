// LineReader: a stream's input as lines and counted octets, with one bounded buffer.
//
// The buffer exists only while it holds something or a read is under way, so that an idle connection
// keeps none (wait_readable first).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "net/stream.h"
#include "net/task.h"

namespace heliopost::net {

class LineReader {
public:
    LineReader(Stream& stream, size_t buffer_octets) : stream_(stream), buffer_octets_(buffer_octets) {}

    // Waits until at least one octet is buffered; false when the peer ended in order. Returns at once if some
    // are. With `until` it throws Stopped once that is set, whatever the peer has sent by then: see drain.h.
    Task<bool> fill(Deadline deadline, Event* until = nullptr);

    // What is buffered, unread. Valid until the next call of any other member.
    std::string_view buffered() const { return {buffer_.get() + at_, size_ - at_}; }
    void consume(size_t octets);

    // One line with its LF (and CR if any) taken off the buffer into the string; false at the end of input,
    // with what came of an unfinished line in the string. A line longer than line_octets_max fails with
    // Fault::too_large once its end has been read and dropped; past ten times the limit it throws Gone.
    // until: as for fill().
    Task<Result<bool>> read_line(std::string* line, size_t line_octets_max, Deadline deadline,
                                 Event* until = nullptr);

    bool empty() const { return at_ == size_; }

private:
    Stream& stream_;
    size_t buffer_octets_;
    std::unique_ptr<char[]> buffer_;
    size_t size_ = 0;
    size_t at_ = 0;
    bool more_likely_ = false;  // the last read filled the buffer
};

}  // namespace heliopost::net
