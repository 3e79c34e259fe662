// What the command line asks for; one value for all operations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/address.h"

namespace heliopost::bench {

enum class Tls : std::uint8_t { none, start_tls, from_start };

struct Options {
    std::string operation;  // "smtp", "imap login"
    net::Endpoint to;
    Tls tls = Tls::none;
    std::vector<int> pids;  // of the server; none: nothing is known of its use

    std::uint64_t connections = 1;
    std::uint64_t count = 100;  // messages, logins, rounds
    std::uint64_t octets = 2048;

    std::string sender = "bench@load.example";
    std::vector<std::string> recipients;
    std::string user;  // "%d" becomes the connection's number
    std::string password;
    std::string mailbox = "INBOX";
    std::string text;          // for SEARCH BODY
    std::uint64_t window = 1;  // APPEND commands on their way at once on a connection
    std::uint64_t seed = 0;    // makes the messages of two runs differ
    double hold_seconds = 2;   // idle: wait before memory is read
};

}  // namespace heliopost::bench
