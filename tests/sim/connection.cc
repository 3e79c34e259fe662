#include "sim/connection.h"

#include <cstdlib>
#include <utility>

namespace heliopost::sim {
namespace {

constexpr std::size_t buffer_octets = 64 * 1024;
constexpr std::size_t line_octets_max = 1 << 20;

}  // namespace

net::Task<void> Connection::open(net::Endpoint to, bool tls) {
    reader_.reset();
    stream_ = co_await world_.dial(std::move(to), {}, world_.after(patience_));
    reader_ = std::make_unique<net::LineReader>(*stream_, buffer_octets);
    if (tls) co_await start_tls();
}

net::Task<void> Connection::start_tls() {
    co_await stream_->start_tls_client({}, world_.after(patience_));
}

net::Task<void> Connection::write(std::string octets) {
    co_await stream_->write(octets, world_.after(patience_));
}

net::Task<std::string> Connection::line() {
    std::string got;
    const auto read = co_await reader_->read_line(&got, line_octets_max, world_.after(patience_));
    if (!read || !*read) throw net::Gone("the server closed the connection");
    while (got.ends_with('\n') || got.ends_with('\r')) got.pop_back();
    co_return got;
}

net::Task<std::string> Connection::read() {
    const bool more = co_await reader_->fill(world_.after(patience_));
    if (!more) throw net::Gone("the server closed the connection");
    std::string got(reader_->buffered());
    reader_->consume(got.size());
    co_return got;
}

net::Task<bool> Connection::wait(std::chrono::microseconds time) {
    try {
        co_await reader_->fill(world_.after(time));
    } catch (const net::TimedOut&) {
        co_return false;
    }
    co_return true;
}

net::Task<int> Connection::reply(std::string* last) {
    for (;;) {
        const std::string got = co_await line();
        if (got.size() > 3 && got[3] == '-') continue;
        if (last != nullptr) *last = got;
        co_return std::atoi(got.c_str());
    }
}

}  // namespace heliopost::sim
