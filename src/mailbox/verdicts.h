// Verdicts: what the checks found when a message came, kept beside it to be shown later.
//
// A record of its own in the account's partition, written with the message, read only when somebody asks: no
// reader of mail pays for it. It goes with the message; copies have it too. Which checks there are is known
// above: here it is texts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace heliopost::mailbox {

inline constexpr std::size_t verdicts_max = 16;              // of one message; the rest is left out
inline constexpr std::size_t verdict_text_octets_max = 512;  // of each text; the rest is cut off

struct Verdict {
    std::string check;    // "spf"
    std::string result;   // "pass"
    std::string subject;  // whom it is about: a domain, an address; may be empty
    std::string reason;   // in words
    bool operator==(const Verdict&) const = default;
};

struct Verdicts {
    std::string client;  // the address that the message came from
    std::vector<Verdict> all;
    bool operator==(const Verdicts&) const = default;
};

// The record; empty where there is no verdict.
std::string encode(const Verdicts& verdicts);
// Fails with Fault::internal.
Result<Verdicts> decode_verdicts(std::string_view record);

}  // namespace heliopost::mailbox
