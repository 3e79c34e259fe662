// ImapClient: one connection to an IMAP server: commands out, responses counted.
//
// RFC 9051; literals go out as LITERAL+ (RFC 7888) where the server announced it, and wait otherwise.
#pragma once

#include <string>

#include "load/connection.h"
#include "proto/imap/response.h"

namespace heliopost::bench {

// What came for one command.
struct Answer {
    imap::Response tagged;
    std::uint64_t fetched = 0;  // FETCH responses
    std::uint64_t found = 0;    // messages that a SEARCH named

    bool good() const { return tagged.status == "OK"; }
};

class ImapClient {
public:
    ImapClient(net::World* world, const Options* options) : connection_(world, options) {}

    // Connects and logs in as the options' user with this number. Throws Gone where the server says no.
    net::Task<void> log_in(std::uint64_t number);
    // Throws Gone where there is no such mailbox.
    net::Task<void> select();
    // line: a command without tag and line end.
    net::Task<Answer> command(std::string line);
    net::Task<void> begin_idle();
    net::Task<void> log_out();

    // Sends an APPEND without waiting for its answer; answers come in the order of the commands.
    net::Task<void> send_append(std::string message);
    net::Task<Answer> answer();

    std::uint64_t exists() const { return exists_; }
    void close() { connection_.close(); }

private:
    net::Task<imap::Response> response();
    net::Task<Answer> must(std::string line);
    void note(const imap::Response& response, Answer* answer);

    Connection connection_;
    imap::ResponseReader reader_;
    std::uint64_t exists_ = 0;
    std::uint64_t last_tag_ = 0;
    bool literal_plus_ = false;
    bool asked_capability_ = false;
    bool leaving_ = false;  // BYE is no surprise
};

}  // namespace heliopost::bench
