#include "directory/password.h"

#include <doctest/doctest.h>

#include <set>

namespace heliopost::directory {

TEST_CASE("password: argon2id with the stated costs") {
    const std::string hash = hash_password("secret", "0123456789abcdef");
    CHECK(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"));
    CHECK(verify_password("secret", hash));
    CHECK_FALSE(verify_password("secre", hash));
    CHECK_FALSE(verify_password(std::string("secret\0", 7), hash));
    CHECK_FALSE(verify_password("", hash));
    CHECK(hash_password("secret", "0123456789abcdeg") != hash);
}

TEST_CASE("password: the dummy is a whole hash, and nobody's") {
    CHECK(dummy_hash().size() == hash_password("x", "0123456789abcdef").size());
    CHECK_FALSE(verify_password("", dummy_hash()));
    CHECK_FALSE(verify_password("secret", dummy_hash()));
}

TEST_CASE("password: what is no hash, or costs too much, verifies nothing") {
    const std::string hash = hash_password("secret", "0123456789abcdef");
    for (std::size_t length = 0; length < hash.size(); ++length)
        CHECK_FALSE(verify_password("secret", hash.substr(0, length)));
    for (const std::string_view bad :
         {"secret", "{PLAIN}secret", "$argon2i$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$x",
          "$argon2id$v=19$m=4294967295,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
          "$argon2id$v=19$m=19456,t=4294967295,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
          "$argon2id$v=19$m=19456,t=2,p=1000000$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg"})
        CHECK_FALSE(verify_password("secret", bad));
    CHECK_FALSE(verify_password(std::string(password_octets_max + 1, 'x'), hash));
}

TEST_CASE("password: generated ones differ and can be typed") {
    CHECK(generate_password(std::string(8, '\0')) == "babab-babab-babab-0000");
    CHECK(generate_password(std::string(8, '\xff')) == "zuzuz-zuzuz-zuzuz-5535");
    std::set<std::string> seen;
    for (int i = 0; i < 256; ++i) {
        std::string random = "01234567";
        random[static_cast<std::size_t>(i) % 8] = static_cast<char>(i);
        seen.insert(generate_password(random));
    }
    CHECK(seen.size() > 200);
}

}  // namespace heliopost::directory
