// xtext, the encoding of ESMTP parameter values (RFC 3461 §4), and its UTF-8 sisters (RFC 6533 §3).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace heliopost::smtp {

std::string to_xtext(std::string_view octets);
Result<std::string> from_xtext(std::string_view text);  // Fault::syntax

// utf-8-addr-xtext: every octet that xtext may not hold, and all that is not ASCII, as \x{HEX}.
std::string to_utf8_addr_xtext(std::string_view utf8);
// Takes utf-8-addr-xtext and utf-8-addr-unitext: \x{HEX} is one code point.
Result<std::string> from_utf8_addr(std::string_view text);

}  // namespace heliopost::smtp
