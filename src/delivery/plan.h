// plan(): who gets the message, each account and each foreign address once.
//
// Pure. Several recipients that lead to the same account are one delivery: exactly once inside.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "delivery/envelope.h"

namespace heliopost::delivery {

struct Filing {
    AccountId account;
    std::string delivered_to;  // the recipient's address, as the client wrote it
    std::uint64_t quota_octets = 0;
    bool shared = false;  // the recipient leads elsewhere too: one full mailbox must not stop the others
};

struct Relaying {
    smtp::Address to;
    smtp::Notify notify;
    std::optional<smtp::OriginalRecipient> original;
};

struct Plan {
    std::vector<Filing> filings;
    std::vector<Relaying> relays;
};

Plan plan(std::span<const Recipient> recipients);
Plan plan(const Envelope& envelope);

}  // namespace heliopost::delivery
