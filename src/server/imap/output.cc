#include "server/imap/output.h"

#include <algorithm>
#include <utility>

namespace heliopost::imap_server {

net::Task<void> Output::flush() {
    if (text_.empty()) co_return;
    std::string out = std::exchange(text_, {});
    ++flushes_;
    co_await stream_.write(out, std::min(world_.after(write_time_max), deadline_));
    out.clear();
    // The next answers need as much room; few need much.
    if (text_.empty() && out.capacity() <= output_octets_kept) text_ = std::move(out);
}

void Output::release() {
    if (text_.empty()) std::string().swap(text_);
}

net::Task<void> Output::flush_if_full() {
    if (full()) co_await flush();
}

}  // namespace heliopost::imap_server
