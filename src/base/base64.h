// Base64 (RFC 4648 §4) and hexadecimal (§8), strict: for SASL, hashes and keys.
//
// Message bodies are decoded leniently and in ranges by proto/mime, not here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace heliopost {

std::string to_base64(std::string_view octets);

// Nothing on any octet outside the alphabet, wrong padding or stray bits at the end.
std::optional<std::string> from_base64(std::string_view text);

std::string to_hex(std::string_view octets);                   // lower case
std::optional<std::string> from_hex(std::string_view digits);  // either case

}  // namespace heliopost
