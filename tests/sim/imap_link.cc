#include "sim/imap_link.h"

#include <cstdio>
#include <utility>

namespace heliopost::sim {

net::Task<void> ImapLink::say(std::string octets) {
    if (traced) print("C: ", octets);
    co_await connection_.write(std::move(octets));
}

net::Task<void> ImapLink::hear() {
    const std::string octets = co_await connection_.read();
    if (traced) print("S: ", octets);
    reader_.feed(octets);
}

void ImapLink::print(const char* who, const std::string& octets) {
    const auto now = std::chrono::duration<double>(connection_.world().tick().time_since_epoch());
    std::printf("%12.6f %s%s", now.count(), who, octets.c_str());
}

net::Task<void> ImapLink::open(net::Endpoint to) {
    reader_ = {};
    co_await connection_.open(std::move(to), true);
    co_await next();
}

bool ImapLink::take(imap::Response* response) {
    auto next = reader_.next();
    if (!next) throw net::Gone("no IMAP response: " + next.error().text);
    auto& found = *next;
    if (!found) return false;
    *response = *std::move(found);
    return true;
}

net::Task<imap::Response> ImapLink::next() {
    imap::Response response;
    while (!take(&response)) co_await hear();
    if (response.status == "BYE") throw net::Gone("BYE " + response.text);
    co_return response;
}

net::Task<imap::Response> ImapLink::answer() {
    for (;;) {
        imap::Response response = co_await next();
        if (response.kind == imap::Response::Kind::tagged) co_return response;
        heard(response);
    }
}

net::Task<imap::Response> ImapLink::command(std::string line) {
    co_await say("t" + std::to_string(++last_tag_) + " " + line + "\r\n");
    co_return co_await answer();
}

net::Task<imap::Response> ImapLink::append(std::string mailbox, std::string message) {
    std::string said = "t" + std::to_string(++last_tag_) + " APPEND " + mailbox + " {" +
                       std::to_string(message.size()) + "+}\r\n";
    co_await say(std::move(said) + std::move(message) + "\r\n");
    co_return co_await answer();
}

net::Task<void> ImapLink::begin_idle() {
    co_await say("t" + std::to_string(++last_tag_) + " IDLE\r\n");
    for (;;) {
        const imap::Response response = co_await next();
        if (response.kind == imap::Response::Kind::continuation) co_return;
        if (response.kind == imap::Response::Kind::tagged) throw net::Gone("no IDLE: " + response.text);
        heard(response);
    }
}

net::Task<void> ImapLink::listen(std::chrono::microseconds time) {
    const auto end = connection_.world().after(time);
    for (;;) {
        imap::Response response;
        while (take(&response)) heard(response);
        const auto now = connection_.world().tick();
        if (now >= end) co_return;
        const bool more = co_await connection_.wait(end - now);
        if (!more) co_return;
        co_await hear();
    }
}

net::Task<imap::Response> ImapLink::end_idle() {
    co_await say("DONE\r\n");
    co_return co_await answer();
}

}  // namespace heliopost::sim
