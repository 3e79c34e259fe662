// The report within what was attached: gzip, the first file of a zip, or the XML itself.
//
// Against bombs the output has a limit of its own and one by the size of what is packed (zlib). RFC 7489
// §7.2.1.1, RFC 1952.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace heliopost::feedback {

inline constexpr size_t unpacked_ratio_max =
    250;  // reports are packed about 20:1; 1,000:1 is what deflate can do

// gzip or zip, by its first octets.
bool is_packed(std::string_view octets);

// Fails with Fault::syntax where it is broken, Fault::too_large past report_octets_max or the ratio.
Result<std::string> unpack(std::string_view octets);

// gzip, for reports that we send.
std::string pack(std::string_view octets);

}  // namespace heliopost::feedback
