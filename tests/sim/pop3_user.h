// Pop3User: takes messages out of one account's INBOX, as RFC 1939 has it: gone after an acknowledged QUIT,
// all still there without one.
#pragma once

#include <string>
#include <utility>

#include "sim/actor.h"
#include "sim/connection.h"
#include "sim/truth.h"

namespace heliopost::sim {

class Pop3User {
public:
    Pop3User(Stage* stage, AccountTruth* truth, std::string address, std::string user, int sessions,
             std::uint64_t seed)
        : stage_(*stage),
          truth_(*truth),
          address_(std::move(address)),
          user_(std::move(user)),
          sessions_(sessions),
          random_(seed, 300),
          connection_(stage_.users, patience) {}

    net::Task<void> run();

private:
    net::Task<void> session();
    net::Task<std::string> say(std::string line);  // the text behind +OK; throws Gone at -ERR
    net::Task<std::string> text();                 // a multi-line answer, its dots taken off
    net::Task<void> retrieve(std::string number, std::string unique_id);

    Stage& stage_;
    AccountTruth& truth_;
    const std::string address_, user_;
    int sessions_;
    Random random_;
    Connection connection_;
    std::vector<std::pair<MailboxTruth*, std::uint32_t>> marked_;
};

}  // namespace heliopost::sim
