// Digest: a name or an address as the key of a table that strangers fill: under a secret, so that nobody can
// aim at a bucket.
#pragma once

#include <array>
#include <string_view>

namespace heliopost::directory {

using Digest = std::array<char, 16>;

// The first octets of HMAC-SHA-256. kind: without NULs; texts of two kinds do not meet.
Digest digest_of(std::string_view secret, std::string_view kind, std::string_view text);

}  // namespace heliopost::directory
