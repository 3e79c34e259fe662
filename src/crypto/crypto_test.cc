#include <doctest/doctest.h>

#include "base/base64.h"
#include "crypto/aead.h"
#include "crypto/public_key.h"
#include "crypto/sha256.h"

namespace heliopost::crypto {
namespace {

std::string hash_of(std::string_view text) {
    Sha256 hash;
    hash.add(text);
    return hash.finish();
}

}  // namespace

TEST_CASE("SHA-256: the examples of FIPS 180-2 §B") {
    CHECK(to_hex(hash_of("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("keys: what one signs the other verifies, and nothing else") {
    const std::string hash = hash_of("text"), other = hash_of("Text");
    for (const bool is_rsa : {true, false}) {
        const auto key = is_rsa ? PrivateKey::make_rsa(1024) : PrivateKey::make_ed25519();
        REQUIRE(key.has_value());
        CHECK(key->is_rsa() == is_rsa);
        const auto same = PrivateKey::from_pem(key->to_pem());
        REQUIRE(same.has_value());
        const std::string signature = same->sign(hash);
        const std::string octets = key->public_octets();
        const auto shown = is_rsa ? PublicKey::rsa(octets) : PublicKey::ed25519(octets);
        REQUIRE(shown.has_value());
        CHECK(shown->verifies(hash, signature));
        CHECK_FALSE(shown->verifies(other, signature));
        CHECK_FALSE(shown->verifies(hash, signature.substr(1)));
        CHECK_FALSE(shown->verifies(hash, ""));
        if (is_rsa) {
            // The RSAPublicKey without its wrapping: behind the BIT STRING's head.
            CHECK(PublicKey::rsa(octets.substr(22)).value().verifies(hash, signature));
            CHECK(shown->bits() == 1024);
        }
    }
}

// RSAPublicKey, RFC 8017 §A.1.1: a modulus of so many bits (a multiple of 8) and the exponent 65537.
std::string rsa_public_key(unsigned bits) {
    const std::string modulus = std::string(1, '\0') + std::string(bits / 8, '\xc5');
    const auto number = [](const std::string& octets) {
        std::string head = "\x02\x82";
        head += static_cast<char>(octets.size() >> 8);
        return head + static_cast<char>(octets.size() & 0xff) + octets;
    };
    const std::string body = number(modulus) + std::string("\x02\x03\x01\x00\x01", 5);
    std::string out = "\x30\x82";
    out += static_cast<char>(body.size() >> 8);
    return out + static_cast<char>(body.size() & 0xff) + body;
}

TEST_CASE("keys: RSA of as many bits as allowed, and of more and fewer") {
    CHECK(PublicKey::rsa(rsa_public_key(rsa_bits_min)).has_value());
    CHECK(PublicKey::rsa(rsa_public_key(rsa_bits_max)).has_value());
    CHECK(PublicKey::rsa(rsa_public_key(rsa_bits_min - 8)).error().fault == Fault::denied);
    CHECK(PublicKey::rsa(rsa_public_key(rsa_bits_max + 8)).error().fault == Fault::denied);
}

TEST_CASE("keys: too short, too long, none") {
    CHECK(PrivateKey::make_rsa(512).error().fault == Fault::denied);
    CHECK_FALSE(PrivateKey::from_pem("").has_value());
    CHECK_FALSE(PublicKey::rsa("").has_value());
    CHECK_FALSE(PublicKey::rsa(std::string(100, '0')).has_value());
    CHECK(PublicKey::rsa(std::string(4097, '0')).error().fault == Fault::too_large);  // key_octets_max
    CHECK_FALSE(PublicKey::ed25519(std::string(31, 'x')).has_value());
    CHECK_FALSE(PublicKey::rsa(PrivateKey::make_ed25519().value().public_octets()).has_value());
}

TEST_CASE("crypto: what is sealed opens with its key, nonce and name alone, and no octet of it changed") {
    const std::string key(aead_key_octets, 'k'), nonce(aead_nonce_octets, 'n');
    Aead aead(key);
    for (const std::string& text : {std::string(), std::string("x"), std::string(100'000, 'y')}) {
        const std::string sealed = aead.seal(nonce, "name", text);
        CHECK(sealed.size() == text.size() + aead_tag_octets);
        CHECK(aead.open(nonce, "name", sealed).value_or("no") == text);
        CHECK_FALSE(aead.open(nonce, "other", sealed).has_value());
        CHECK_FALSE(aead.open(std::string(aead_nonce_octets, 'm'), "name", sealed).has_value());
        CHECK_FALSE(Aead(std::string(aead_key_octets, 'l')).open(nonce, "name", sealed).has_value());
        std::string changed = sealed;
        changed.back() = static_cast<char>(changed.back() ^ 1);
        CHECK_FALSE(aead.open(nonce, "name", changed).has_value());
        CHECK_FALSE(aead.open(nonce, "name", sealed.substr(1)).has_value());
        CHECK(aead.open(nonce, "name", sealed).has_value());  // after failures too
    }
    CHECK_FALSE(aead.open(nonce, "name", "short").has_value());
}

TEST_CASE("crypto: AES-256-GCM and HKDF-SHA-256 are the standards': NIST's case 14, RFC 5869 A.3") {
    Aead aead(std::string(aead_key_octets, '\0'));
    CHECK(to_hex(aead.seal(std::string(aead_nonce_octets, '\0'), "", std::string(16, '\0'))) ==
          "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
    unsigned char derived[42];
    derive_key(std::string(22, '\x0b'), "", "", derived);
    CHECK(to_hex({reinterpret_cast<const char*>(derived), sizeof derived}) ==
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

}  // namespace heliopost::crypto
