// The keys of SCRAM (RFC 5802 §3, RFC 7677): derived once when a password is set, kept in its place.
//
// Pure: the salt is given. A password goes through prepare() first. Deriving with 65,536 iterations takes
// tens of milliseconds: never on a network thread. SHA-1 is here only because RFC 5802's vectors use it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heliopost::sasl {

enum class ScramHash : std::uint8_t { sha1, sha256 };

inline constexpr std::uint32_t scram_iterations_default = 65'536;  // the most that Cyrus SASL clients accept
inline constexpr std::uint32_t scram_iterations_min = 4'096;       // RFC 7677 §4
inline constexpr std::uint32_t scram_iterations_max = 2'000'000;  // what a hostile server may cost our client
inline constexpr size_t scram_salt_octets = 16;

struct ScramKeys {
    std::string salt;  // raw octets, as the keys
    std::uint32_t iterations = scram_iterations_default;
    std::string stored_key;
    std::string server_key;
    bool operator==(const ScramKeys&) const = default;
};

ScramKeys derive_scram_keys(std::string_view prepared_password, std::string_view salt,
                            std::uint32_t iterations = scram_iterations_default,
                            ScramHash hash = ScramHash::sha256);

// What an unknown user is shown: the same salt each time, from a secret of the server, and keys that no
// password matches, so that nobody learns who exists (RFC 5802 §9).
ScramKeys fake_scram_keys(std::string_view secret, std::string_view name,
                          std::uint32_t iterations = scram_iterations_default);

// Whether a password, prepared, gives these keys. Constant time but for the derivation itself.
bool matches(const ScramKeys& keys, std::string_view prepared_password);

// The pieces of RFC 5802 §3, for both ends.
std::string hash_of(ScramHash hash, std::string_view text);
std::string hmac(ScramHash hash, std::string_view key, std::string_view text);
std::string salted_password(ScramHash hash, std::string_view prepared_password, std::string_view salt,
                            std::uint32_t iterations);
std::string client_proof(ScramHash hash, std::string_view salted, std::string_view auth_message);
bool proof_is_right(ScramHash hash, std::string_view stored_key, std::string_view auth_message,
                    std::string_view proof);
std::string server_signature(ScramHash hash, std::string_view server_key, std::string_view auth_message);

// Compares without telling by its time where they differ; lengths are no secret.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace heliopost::sasl
