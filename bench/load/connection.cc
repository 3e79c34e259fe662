#include "load/connection.h"

#include <chrono>

namespace heliopost::bench {
namespace {

constexpr std::chrono::minutes patience{5};
constexpr size_t read_octets = size_t{64} << 10;

}  // namespace

Deadline Connection::deadline() const {
    return world_->after(patience);
}

net::Task<void> Connection::open() {
    stream_ = co_await world_->dial(options_->to, {}, deadline());
    if (options_->tls == Tls::from_start) co_await start_tls();
}

net::Task<void> Connection::start_tls() {
    co_await stream_->start_tls_client({.verify = net::TlsClient::Verify::none}, deadline());
}

net::Task<void> Connection::write(std::string octets) {
    co_await stream_->write(octets, deadline());
}

net::Task<std::string_view> Connection::read() {
    // An idle connection keeps no buffer: thousands of them wait here.
    co_await stream_->wait_readable(deadline(), nullptr);
    if (buffer_.empty()) buffer_.resize(read_octets);
    const size_t count = co_await stream_->read_some(buffer_, deadline());
    if (count == 0) throw net::Gone("the server closed the connection");
    co_return std::string_view(buffer_).substr(0, count);
}

void Connection::close() {
    if (stream_) stream_->close();
    stream_.reset();
    buffer_ = std::string();
}

std::string numbered(std::string text, std::uint64_t number) {
    if (const auto at = text.find("%d"); at != std::string::npos) text.replace(at, 2, std::to_string(number));
    return text;
}

}  // namespace heliopost::bench
