// What one message may make the MIME parsers keep. Past a limit nothing fails: the rest is left out
// of the structure, and stays in the message.
#pragma once

#include <cstddef>

namespace heliopost::mime {

struct Limits {
    size_t nesting = 100;                     // Postfix: mime_nesting_limit
    size_t parts = 10'000;                    // Dovecot; the last one holds all that follows
    size_t header_octets = size_t{1} << 20;   // kept field values, over all parts; half for envelopes
    size_t field_octets = size_t{512} << 10;  // of one field's value; the rest is cut off
    size_t parameters = 64;                   // of one Content-Type or Content-Disposition
    size_t parameters_in_message = 100'000;   // so that 1 MiB of ";a=b" does not become 20 MiB
    size_t addresses = 10'000;                // over all envelopes of a message
    size_t boundary_octets = 998;             // RFC 2046 §5.1.1 says 70, senders exceed it; RFC 5322 §2.1.1

    bool operator==(const Limits&) const = default;
};

}  // namespace heliopost::mime
