#include "server/imap/output.h"

#include <utility>

namespace heliopost::imap_server {

net::Task<void> Output::flush() {
    if (text_.empty()) co_return;
    const std::string out = std::exchange(text_, {});
    co_await stream_.write(out, world_.after(write_time_max));
}

net::Task<void> Output::flush_if_full() {
    if (full()) co_await flush();
}

}  // namespace heliopost::imap_server
