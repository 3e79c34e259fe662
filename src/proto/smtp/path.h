// Reverse-paths and forward-paths of MAIL and RCPT: an address in angle brackets.
//
// A source route is accepted and forgotten: the final mailbox alone decides (RFC 5321 §4.1.2, appendix C).
//
// An address that no mail can go to is refused: an empty local part, a domain without an A-label form.
//
// RFC 5321 §4.1.2 (syntax), §4.5.3.1.3 (path limit), §4.5.1 (<postmaster>), RFC 6531 §3.3.
#pragma once

#include <string>

#include "base/cursor.h"
#include "base/result.h"
#include "proto/smtp/address.h"

namespace heliopost::smtp {

// Deviates from RFC 5321 §4.5.3.1.3 (256 octets at least): a local part and a domain of their greatest
// lengths, quoted, must fit together, and a source route beside them.
inline constexpr size_t path_octets_max = 1'024;

// Read "<...>" and stop behind ">". Fault::syntax.
Result<Address> parse_reverse_path(Cursor& in);  // also "<>", the null path
Result<Address> parse_forward_path(Cursor& in);  // also "<postmaster>", in any case; never "<>"

std::string to_path(const Address& address);  // "<ann@a.example>", "<>"

}  // namespace heliopost::smtp
