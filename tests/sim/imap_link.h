// ImapLink: one IMAP session as commands and responses. What the responses mean is for who listens.
#pragma once

#include <functional>
#include <string>

#include "proto/imap/response.h"
#include "sim/connection.h"

namespace heliopost::sim {

class ImapLink {
public:
    ImapLink(net::MemoryWorld* world, std::chrono::seconds wait_at_most) : connection_(world, wait_at_most) {}

    std::function<void(const imap::Response&)> heard;  // every untagged one, and continuations

    bool traced = false;  // says and prints what passes

    net::Task<void> open(net::Endpoint to);  // with TLS from the start, to the greeting
    // Without tag and line end; gives the tagged response. Throws Gone at BYE.
    net::Task<imap::Response> command(std::string line);
    net::Task<imap::Response> append(std::string mailbox, std::string message);
    net::Task<void> begin_idle();
    net::Task<void> listen(std::chrono::microseconds time);  // hears what comes until then
    net::Task<imap::Response> end_idle();
    void close() { connection_.close(); }

private:
    net::Task<imap::Response> next();
    net::Task<imap::Response> answer();
    bool take(imap::Response* response);
    net::Task<void> say(std::string octets);
    net::Task<void> hear();
    void print(const char* who, const std::string& octets);

    Connection connection_;
    imap::ResponseReader reader_;
    std::uint64_t last_tag_ = 0;
};

}  // namespace heliopost::sim
