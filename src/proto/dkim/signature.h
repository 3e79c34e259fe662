// The DKIM-Signature field and what it says. RFC 6376 §3.5, RFC 8301, RFC 8463, RFC 8616.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/dkim/canonical.h"
#include "proto/dkim/tag_list.h"

namespace heliopost::dkim {

inline constexpr size_t signed_fields_max = 512;           // names in h=
inline constexpr size_t signature_octets_max = 64 * 1024;  // of the field; RSA-4096 needs 700

enum class Algorithm : std::uint8_t {
    rsa_sha256,
    ed25519_sha256,
    rsa_sha1,  // RFC 8301 §3.1: neither signed with nor believed
};

struct Signature {
    Algorithm algorithm = Algorithm::rsa_sha256;
    Canonicalization header = Canonicalization::simple;
    Canonicalization body = Canonicalization::simple;
    std::string value;                                  // b=, octets
    std::string body_hash;                              // bh=, octets
    std::string domain;                                 // d=
    std::string selector;                               // s=
    std::string identity;                               // i=, "@" and the domain where it is left out
    std::vector<std::string> fields;                    // h=, as written
    std::optional<std::uint64_t> length;                // l=
    std::optional<std::int64_t> signed_at, expires_at;  // t=, x=: seconds since 1970
};

// The value of a DKIM-Signature field. Fails with the reason in words.
Result<Signature> parse_signature(std::string_view value);

// The tags that ARC-Message-Signature has as well: all but v=, i=, q= and h=.
Result<Signature> read_signature(const TagList& tags);
// A tag that must be there and not empty; one in base64, decoded.
Result<std::string> required(const TagList& tags, std::string_view name);
Result<std::string> octets_of(const TagList& tags, std::string_view name);
Result<std::optional<std::uint64_t>> number_of(const TagList& tags, std::string_view name);

// a=, and c=.
Result<Algorithm> parse_algorithm(std::string_view text);
std::string_view name_of(Algorithm algorithm);
Result<std::pair<Canonicalization, Canonicalization>> parse_canonicalization(std::string_view text);

}  // namespace heliopost::dkim
