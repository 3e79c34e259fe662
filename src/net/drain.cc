#include "net/drain.h"

#include <optional>
#include <utility>

namespace heliopost::net {

Task<void> start_tls_unless_closing(Stream* stream, std::shared_ptr<const TlsServer> tls, Deadline deadline,
                                    Event* closing) {
    if (is_closing(closing)) throw Stopped();
    std::optional<EventWaiter> waiter;
    if (closing != nullptr) waiter.emplace(closing, [stream] { stream->close(); });
    co_await stream->start_tls_server(std::move(tls), deadline);
}

}  // namespace heliopost::net
