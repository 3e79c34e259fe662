// The header octets that a signature covers: RFC 6376 §3.7 and §5.4.2.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/dkim/canonical.h"

namespace heliopost::dkim {

// The named fields of the block, each name from the last field up, as often as it is named; what is named and
// not there is nothing. `own` is the text of the signature's field, whose b= is cut out and whose line end is
// left off.
std::string covered_header(std::string_view block, const std::vector<std::string>& names,
                           std::string_view own, Canonicalization how);

}  // namespace heliopost::dkim
