// Dialog: the client's side of a line protocol, for the demo's own round trip.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/line_reader.h"
#include "net/stream.h"
#include "net/task.h"
#include "net/world.h"

namespace heliopost {

class Dialog {
public:
    static net::Task<std::unique_ptr<Dialog>> dial(net::World* world, net::Endpoint to, bool tls_from_start);

    net::Task<void> start_tls();
    net::Task<void> say(std::string line);  // adds CRLF
    net::Task<std::string> line();          // throws Gone at the end

    // SMTP: says the line, reads the whole reply, throws Gone unless it has this code.
    net::Task<void> expect_reply(std::string line, std::string_view code);
    net::Task<void> read_reply(std::string_view code);
    // IMAP: says "t <command>", gives all that came before "t OK", literals in place.
    net::Task<std::string> imap(std::string command);
    // POP3: says the line, gives the text behind +OK.
    net::Task<std::string> pop3(std::string line);

private:
    Dialog(net::World& world, std::unique_ptr<net::Stream> stream);

    net::World& world_;
    std::unique_ptr<net::Stream> stream_;
    net::LineReader reader_;
};

}  // namespace heliopost
