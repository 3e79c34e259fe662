#include "signing/server_key.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "signing/test_keys.h"

namespace heliopost::signing {

TEST_CASE("server key: made once, for its owner alone, and read again as the same") {
    const TestFolder folder;
    const std::string file = folder.file("server.key");
    CHECK(ServerKey::read(file).error().fault == Fault::not_found);
    const auto made = ServerKey::make(file);
    REQUIRE(made.has_value());
    struct stat status{};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(status.st_size == 32);
    CHECK_FALSE(ServerKey::make(file).has_value());  // never over another
    const auto read = ServerKey::read(file);
    REQUIRE(read.has_value());
    CHECK(read->id() == made->id());
    const auto opened = read->open("name", made->seal("name", "secret"));
    REQUIRE(opened.has_value());
    CHECK(opened->view() == "secret");
}

TEST_CASE("server key: one that others may read, and what is none, are refused with what to do") {
    const TestFolder folder;
    const std::string file = folder.file("server.key");
    REQUIRE(ServerKey::make(file).has_value());
    REQUIRE(::chmod(file.c_str(), 0640) == 0);
    const auto open_to_others = ServerKey::read(file);
    REQUIRE_FALSE(open_to_others.has_value());
    CHECK(open_to_others.error().fault == Fault::denied);
    CHECK(open_to_others.error().text.contains("chmod 600"));
    for (const std::size_t octets : {0UL, 31UL, 33UL, 5000UL}) {
        const std::string other = folder.file(std::to_string(octets));
        std::ofstream(other) << std::string(octets, 'x');
        REQUIRE(::chmod(other.c_str(), 0600) == 0);
        const auto read = ServerKey::read(other);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().fault == Fault::syntax);
    }
}

TEST_CASE("server key: what is sealed is bound to its name and its key") {
    const TestFolder folder;
    const auto key = ServerKey::make(folder.file("a")), other = ServerKey::make(folder.file("b"));
    REQUIRE(key.has_value());
    REQUIRE(other.has_value());
    CHECK(key->id() != other->id());
    const std::string sealed = key->seal("name", "secret");
    CHECK(sealed != key->seal("name", "secret"));  // each has a nonce of its own
    CHECK_FALSE(sealed.contains("secret"));
    CHECK_FALSE(key->open("other name", sealed).has_value());
    CHECK_FALSE(other->open("name", sealed).has_value());
    for (std::size_t length = 0; length < sealed.size(); ++length)
        CHECK_FALSE(key->open("name", std::string_view(sealed).substr(0, length)).has_value());
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(key->open("name", changed).has_value());
    }
}

}  // namespace heliopost::signing
