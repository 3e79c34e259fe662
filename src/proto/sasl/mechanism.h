// The SASL mechanisms that we speak, and the base64 line around their messages.
//
// RFC 4422 (SASL), RFC 4616 (PLAIN), draft-murchison-sasl-login (LOGIN), RFC 5802 and RFC 7677 (SCRAM).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace heliopost::sasl {

enum class Mechanism : std::uint8_t { plain, login, scram_sha_256 };

std::string_view name_of(Mechanism mechanism);                   // "SCRAM-SHA-256"
std::optional<Mechanism> find_mechanism(std::string_view name);  // any case

// The best of those that a server announced: SCRAM before PLAIN before LOGIN.
std::optional<Mechanism> choose_mechanism(std::span<const std::string> announced);

// Longest base64 line of an exchange, without CRLF: RFC 4954 §4, RFC 5034 §4 leave it to us.
inline constexpr size_t line_octets_max = 12'288;  // RFC 4954 §4.1: "12288 octets"

// Longest user name, password or authorisation identity, in octets (RFC 4616 §2: 255 is the least).
inline constexpr size_t name_octets_max = 1'024;

// One line of the client, base64 decoded; "*" (cancelled) and bad base64 are Fault::syntax.
// An initial response "=" is the empty one: RFC 4954 §4.
Result<std::string> decode_response(std::string_view line);
Result<std::string> decode_initial_response(std::string_view word);

// SASLprep (RFC 4013) of a name or password; empty results and prohibited characters are Fault::syntax.
// Unassigned code points pass.
Result<std::string> prepare(std::string_view text);

}  // namespace heliopost::sasl
