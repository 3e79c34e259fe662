#include "net/line_reader.h"

#include <cstring>

#include "base/assert.h"
#include "base/secret.h"
#include "net/drain.h"

namespace heliopost::net {
namespace {

constexpr size_t wiped_octets_max = 4 * 1024;  // at once: what is longer is a message, and a password is none

}  // namespace

Task<bool> LineReader::fill(Deadline deadline, Event* until) {
    if (is_closing(until)) throw Stopped();
    if (!empty()) co_return true;
    if (!more_likely_ || until != nullptr) {
        if (!more_likely_) buffer_.reset();
        const auto ready = co_await stream_.wait_readable(deadline, until);
        if (ready == Stream::Ready::event) throw Stopped();
    }
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(buffer_octets_);
    at_ = size_ = 0;
    size_ = co_await stream_.read_some({buffer_.get(), buffer_octets_}, deadline);
    more_likely_ = size_ == buffer_octets_;
    if (size_ == 0) buffer_.reset();
    co_return size_ > 0;
}

void LineReader::consume(size_t octets) {
    ASSERT(octets <= size_ - at_);
    at_ += octets;
    if (at_ < size_) return;
    if (buffer_ && size_ <= wiped_octets_max)
        explicit_bzero(buffer_.get(), size_);  // there may have been a password
    at_ = size_ = 0;
    if (!more_likely_) buffer_.reset();
}

Task<Result<bool>> LineReader::read_line(std::string* line, size_t line_octets_max, Deadline deadline,
                                         Event* until) {
    constexpr size_t patience = 10;  // times the limit, for a line that is only read to be refused
    wipe(*line);                     // as the buffer
    size_t length = 0;
    for (;;) {
        const bool more = co_await fill(deadline, until);
        if (!more) co_return false;
        const std::string_view rest = buffered();
        const size_t end = rest.find('\n');
        const std::string_view part = rest.substr(0, end == std::string_view::npos ? end : end + 1);
        length += part.size();
        if (length <= line_octets_max) {
            line->append(part);
        } else {
            line->clear();
        }
        consume(part.size());
        if (length / patience > line_octets_max) throw Gone("sent a line without end");
        if (end == std::string_view::npos) continue;
        if (length > line_octets_max) co_return fail(Fault::too_large, "line too long");
        co_return true;
    }
}

}  // namespace heliopost::net
