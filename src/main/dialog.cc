#include "main/dialog.h"

#include <algorithm>
#include <utility>

#include "proto/imap/command_reader.h"

namespace heliopost {
namespace {

constexpr std::chrono::seconds wait_max{30};
constexpr std::size_t line_max = 1 << 20;

}  // namespace

Dialog::Dialog(net::World& world, std::unique_ptr<net::Stream> stream)
    : world_(world), stream_(std::move(stream)), reader_(*stream_, 64 * 1024) {}

net::Task<std::unique_ptr<Dialog>> Dialog::dial(net::World* world, net::Endpoint to, bool tls_from_start) {
    auto stream = co_await world->dial(std::move(to), {}, world->after(wait_max));
    std::unique_ptr<Dialog> dialog(new Dialog(*world, std::move(stream)));
    if (tls_from_start) co_await dialog->start_tls();
    co_return dialog;
}

net::Task<void> Dialog::start_tls() {
    net::TlsClient tls;  // the demo's certificate is of its own making
    co_await stream_->start_tls_client(std::move(tls), world_.after(wait_max));
}

net::Task<void> Dialog::say(std::string line) {
    line += "\r\n";
    co_await stream_->write(line, world_.after(wait_max));
}

net::Task<std::string> Dialog::line() {
    std::string got;
    const auto read = co_await reader_.read_line(&got, line_max, world_.after(wait_max));
    if (!read || !*read) throw net::Gone("the server closed the connection");
    co_return got;
}

net::Task<void> Dialog::read_reply(std::string_view code) {
    for (;;) {
        const std::string got = co_await line();
        if (!got.starts_with(code)) throw net::Gone("unexpected reply: " + got);
        if (got.size() < 4 || got[3] != '-') co_return;
    }
}

net::Task<void> Dialog::expect_reply(std::string line, std::string_view code) {
    co_await say(std::move(line));
    co_await read_reply(code);
}

net::Task<std::string> Dialog::imap(std::string command) {
    co_await say("t " + command);
    std::string all;
    for (;;) {
        const std::string got = co_await line();
        if (got.starts_with("t OK")) co_return all;
        if (got.starts_with("t ")) throw net::Gone("unexpected answer: " + got);
        all += got + "\r\n";
        const auto end = imap::find_literal(got);
        for (std::uint64_t left = end.has_literal ? end.literal.octets : 0; left > 0;) {
            if (!co_await reader_.fill(world_.after(wait_max))) throw net::Gone("closed within a literal");
            const auto octets = reader_.buffered().substr(0, left);
            all += octets;
            left -= octets.size();
            reader_.consume(octets.size());
        }
    }
}

net::Task<std::string> Dialog::pop3(std::string said) {
    co_await say(std::move(said));
    const std::string got = co_await line();
    if (!got.starts_with("+OK")) throw net::Gone("unexpected answer: " + got);
    co_return got.substr(std::min<std::size_t>(4, got.size()));
}

}  // namespace heliopost
