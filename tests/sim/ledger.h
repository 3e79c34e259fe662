// Ledger: every message that was handed to a server for delivery, and what its sender was answered.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace heliopost::sim {

struct Sent {
    std::string from;
    struct Recipient {
        std::string address;
        bool acknowledged = false;  // answered 2xx at the end; else refused, or ambiguous
        bool refused = false;       // answered 4xx or 5xx
    };
    std::vector<Recipient> recipients;
    std::string server;  // the domain of the server that took it
    bool each = false;   // LMTP: every recipient by itself
};
using Ledger = std::map<int, Sent>;  // by the id of the letter; none is sent twice

// Which accounts a message to an address must reach, over all hops. Nobody: it bounces.
std::vector<std::string> accounts_behind(const std::string& address, const std::vector<std::string>& domains,
                                         int users);

// What every server has beside its users: address and targets. team goes to all users and to one elsewhere,
// away goes elsewhere, loop goes round all servers.
std::map<std::string, std::vector<std::string>> aliases_of(std::size_t server,
                                                           const std::vector<std::string>& domains,
                                                           int users);

std::string user_of(int number, const std::string& domain);
std::string domain_of(const std::string& address);

}  // namespace heliopost::sim
