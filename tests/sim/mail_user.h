// MailUser: hands one message over, by submission, LMTP, or SMTP from outside.
#pragma once

#include <string>
#include <vector>

#include "net/task.h"
#include "sim/actor.h"
#include "sim/ledger.h"

namespace heliopost::sim {

enum class Way : std::uint8_t { submission, lmtp, outside };

struct Errand {
    Way way = Way::submission;
    std::string server;          // its domain
    std::string server_address;  // IP
    std::string from;
    std::vector<std::string> recipients;
    bool chunks = false;       // BDAT, with a refused message in front in the same session
    std::uint64_t random = 0;  // how it is cut into chunks
};

// Whatever happens is in the ledger.
net::Task<void> hand_over(Stage* stage, Ledger* ledger, Errand errand);

}  // namespace heliopost::sim
