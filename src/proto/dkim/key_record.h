// The public key of a selector, as a TXT record of the DNS says it. RFC 6376 §3.6.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace heliopost::dkim {

enum class KeyType : std::uint8_t { rsa, ed25519 };

struct KeyRecord {
    KeyType type = KeyType::rsa;
    std::string key;  // octets: SubjectPublicKeyInfo, or the 32 of Ed25519 (RFC 8463 §3); empty: revoked
    std::vector<std::string> hashes;  // h=; empty: any
    bool for_mail = true;             // s=
    bool testing = false;             // t=y
    bool exact_domain = false;        // t=s: no subdomain in i=
};

Result<KeyRecord> parse_key_record(std::string_view text);

}  // namespace heliopost::dkim
