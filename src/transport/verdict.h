// Verdict: what a try came to, for one recipient or for a whole hop. Pure.
//
// RFC 5321 §4.2.1 (first digit), RFC 3463 (enhanced status codes).
#pragma once

#include <cstdint>
#include <string>

#include "proto/smtp/reply.h"
#include "queue/entry.h"

namespace heliopost::transport {

enum class Fate : std::uint8_t { delivered, temporary, permanent };

struct Verdict {
    Fate fate = Fate::temporary;
    queue::LastReply reply;
};

// What the peer said. 2xx is delivered; 3xx where it is no answer is a temporary failure.
Verdict verdict_of(const smtp::Reply& reply);
// A reply that is not what had to come: 2xx then is no success but a temporary failure. Never delivered.
Verdict refusal(const smtp::Reply& reply);
// What we found ourselves: code 0.
Verdict temporary(smtp::EnhancedStatus status, std::string text);
Verdict permanent(smtp::EnhancedStatus status, std::string text);

// The enhanced status, or "x.0.0". Its class is the fate's, whatever the peer wrote (RFC 3463 §2): a 552 that
// is taken as temporary is no 5.
smtp::EnhancedStatus status_of(const Verdict& verdict);

}  // namespace heliopost::transport
