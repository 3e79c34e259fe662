#include "proto/sasl/scram.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/base64.h"
#include "proto/sasl/mechanism.h"

namespace heliopost::sasl {
namespace {

struct Vector {
    ScramHash hash;
    std::string_view client_first_bare;
    std::string_view server_first;
    std::string_view client_final;  // without the proof
    std::string_view salt;
    std::string_view proof;
    std::string_view signature;
};

// "user" and "pencil", 4,096 iterations.
constexpr Vector vectors[] = {
    // RFC 5802 §5
    {ScramHash::sha1, "n=user,r=fyko+d2lbbFgONRv9qkxdawL",
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92",
     "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    // RFC 7677 §3
    {ScramHash::sha256, "n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "W22ZaJ0SNY7soEsUEjb6gQ==",
     "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

}  // namespace

TEST_CASE("SCRAM: the vectors of RFC 5802 §5 and RFC 7677 §3") {
    for (const Vector& one : vectors) {
        const std::string salt = from_base64(one.salt).value_or("");
        const std::string auth_message = std::string(one.client_first_bare) + ',' +
                                         std::string(one.server_first) + ',' + std::string(one.client_final);
        const ScramKeys keys = derive_scram_keys("pencil", salt, 4'096, one.hash);
        const std::string proof =
            client_proof(one.hash, salted_password(one.hash, "pencil", salt, 4'096), auth_message);
        CHECK(to_base64(proof) == one.proof);
        CHECK(to_base64(server_signature(one.hash, keys.server_key, auth_message)) == one.signature);
        CHECK(proof_is_right(one.hash, keys.stored_key, auth_message, proof));
        CHECK_FALSE(proof_is_right(one.hash, keys.stored_key, auth_message + "x", proof));
        CHECK_FALSE(proof_is_right(one.hash, keys.stored_key, auth_message, proof.substr(1)));
        CHECK_FALSE(proof_is_right(one.hash, keys.stored_key, auth_message, ""));
    }
}

TEST_CASE("SCRAM: keys of a password, and of nobody") {
    const ScramKeys keys = derive_scram_keys("pencil", "0123456789abcdef", 4'096);
    CHECK(matches(keys, "pencil"));
    CHECK_FALSE(matches(keys, "Pencil"));
    const ScramKeys fake = fake_scram_keys("secret", "nobody", 4'096);
    CHECK(fake == fake_scram_keys("secret", "nobody", 4'096));  // the same salt each time
    CHECK(fake.salt != fake_scram_keys("secret", "somebody", 4'096).salt);
    CHECK(fake.salt != fake_scram_keys("other", "nobody", 4'096).salt);
    CHECK(fake.salt.size() == scram_salt_octets);
    CHECK(fake.stored_key.size() == keys.stored_key.size());
    CHECK(equal_in_constant_time("", ""));
    CHECK_FALSE(equal_in_constant_time("a", "ab"));
}

TEST_CASE("SASLprep: RFC 4013 §3") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"I\xC2\xADX", "IX"},
        {"user", "user"},
        {"USER", "USER"},
        {"\xC2\xAA", "a"},
        {"\xE2\x85\xA8", "IX"},
        {"a\xC2\xA0z", "a z"},  // a space of another kind
        {"caf\x65\xCC\x81", "caf\xC3\xA9"},
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},  // unassigned in Unicode 3.2
        {"\x07", ""},
        {"\xD8\xA7\x31", ""},
        {"", ""},
        {"\xC2\xAD", ""},  // mapped to nothing
        {"\xFF", ""},
        {std::string_view("a\0b", 3), ""},
    };
    for (const auto& [text, want] : cases) {
        CAPTURE(text);
        CHECK(prepare(text).value_or("") == want);
    }
    CHECK(prepare(std::string(name_octets_max, 'x')).has_value());
    CHECK_FALSE(prepare(std::string(name_octets_max + 1, 'x')).has_value());
    std::string growing;  // U+FDFA becomes 18 characters
    while (growing.size() + 3 <= name_octets_max) growing += "\xEF\xB7\xBA";
    CHECK(prepare(growing).has_value());
}

TEST_CASE("SASL: names of mechanisms and the base64 line") {
    CHECK(find_mechanism("scram-sha-256") == Mechanism::scram_sha_256);
    CHECK_FALSE(find_mechanism("SCRAM-SHA-256-PLUS").has_value());
    CHECK(choose_mechanism(std::vector<std::string>{"LOGIN", "PLAIN"}) == Mechanism::plain);
    CHECK(choose_mechanism(std::vector<std::string>{"LOGIN", "CRAM-MD5", "Scram-Sha-256"}) ==
          Mechanism::scram_sha_256);
    CHECK_FALSE(choose_mechanism(std::vector<std::string>{"GSSAPI"}).has_value());
    CHECK(decode_response("AGEAYg==").value() == std::string("\0a\0b", 4));
    CHECK(decode_response("").value().empty());
    CHECK_FALSE(decode_response("*").has_value());
    CHECK_FALSE(decode_response("=").has_value());
    CHECK_FALSE(decode_response("AGEAYg").has_value());
    CHECK(decode_initial_response("=").value().empty());
    CHECK_FALSE(decode_initial_response("").has_value());
    CHECK(decode_response(std::string(line_octets_max, 'A')).has_value());
    CHECK_FALSE(decode_response(std::string(line_octets_max + 4, 'A')).has_value());
}

}  // namespace heliopost::sasl
