// DkimKey: a key that a domain signs its mail with, as the directory partition keeps it.
//
// The private part is sealed by who owns the key's life (signing/); here it is octets. Decoding fails with
// Fault::internal: a record is checked when read as when written. docs/format-directory.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace heliopost::directory {

struct DkimKey {
    enum class Algorithm : std::uint8_t { rsa2048 = 1, ed25519 = 2 };
    // Each has the time since when it is so.
    enum class State : std::uint8_t {
        made = 1,      // signs once its record is seen in the DNS
        active = 2,    // signs
        retiring = 3,  // signs no more; its record must stay: mail that it signed is still under way
        retired = 4,   // its record may go; once that is gone the key is forgotten
    };

    std::string domain;  // A-labels in lower case; with the selector, the record's key
    std::string selector;
    Algorithm algorithm = Algorithm::rsa2048;
    State state = State::made;
    Time created{};
    Time since{};            // in this state
    std::string public_key;  // as p= has it, before base64
    std::string sealed;      // the private part; empty once it signs no more
    std::string server_key;  // which server key sealed it

    bool operator==(const DkimKey&) const = default;
};

std::string_view name_of(DkimKey::Algorithm algorithm);
std::string_view name_of(DkimKey::State state);

std::string dkim_key_key(std::string_view domain, std::string_view selector);
// All of them: [low, high) of the partition.
std::string dkim_keys_begin();
std::string dkim_keys_end();

std::string encode(const DkimKey& key);
Result<DkimKey> decode_dkim_key(std::string_view row_key, std::string_view octets);

}  // namespace heliopost::directory
