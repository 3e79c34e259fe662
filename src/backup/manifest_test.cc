#include "backup/manifest.h"

#include <doctest/doctest.h>

#include <string>

namespace heliopost::backup {
namespace {

Manifest example() {
    Manifest manifest;
    manifest.version = "0.1.0";
    manifest.host_name = "mx.a.example";
    manifest.taken = from_unix_milliseconds(1'795'420'530'123);
    manifest.files = {
        {File::Kind::store, "CURRENT", 16, std::string(32, '\1'), std::string(64, 'a')},
        {File::Kind::configuration, "/etc/heliopost/h\xc3\xa9.toml", 1, std::string(32, '\2'),
         std::string(64, 'b')},
        {File::Kind::certificate, "/etc/tls/cert.pem", 2, std::string(32, '\3'), std::string(64, 'c')},
        {File::Kind::key, "/etc/tls/key.pem", 3, std::string(32, '\4'), std::string(64, 'd'), 0640}};
    return manifest;
}

std::string with(std::string_view from, std::string_view to) {
    std::string text = encode(example());
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("manifest: what was written is read") {
    const auto read = decode(encode(example()));
    REQUIRE(read.has_value());
    CHECK(*read == example());
    CHECK(read->octets() == 22);
}

TEST_CASE("manifest: every truncation is an error, never a crash") {
    const std::string whole = encode(example());
    for (std::size_t length = 0; length < whole.size(); ++length)
        CHECK_FALSE(decode(std::string_view(whole).substr(0, length)).has_value());
}

TEST_CASE("manifest: a file cannot lie outside of its place") {
    CHECK(decode(with("CURRENT", "000012.sst")).has_value());
    for (const char* name : {"../CURRENT", "/etc/passwd", "a/b", ".", "..", "", "a\\u0000b"}) {
        CAPTURE(name);
        CHECK_FALSE(decode(with("CURRENT", name)).has_value());
    }
    CHECK_FALSE(decode(with("CURRENT", std::string(4'097, 'n'))).has_value());  // backup/name_octets_max
    CHECK_FALSE(decode(with("/etc/tls/key.pem", "key.pem")).has_value());
    CHECK_FALSE(decode(with("/etc/tls/key.pem", "/etc/tls/cert.pem")).has_value());  // twice
    CHECK_FALSE(decode(with(std::string(64, 'a'), "../" + std::string(61, 'a'))).has_value());
    CHECK_FALSE(decode(with(std::string(64, 'a'), std::string(64, 'A'))).has_value());
    CHECK_FALSE(decode(with("\"store\"", "\"other\"")).has_value());
    CHECK_FALSE(decode(with("\"octets\":16", "\"octets\":-1")).has_value());
}

TEST_CASE("manifest: a newer format says so") {
    const auto read = decode(with("\"format\":1", "\"format\":2"));
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().text.find("newer") != std::string::npos);
    CHECK(decode(with("\"format\":1", "\"later\":[1],\"format\":1")).has_value());
}

}  // namespace heliopost::backup
