#include "backup/seal.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace heliopost::backup {
namespace {

Key test_key(char filled_with) {
    return Key(Secret(std::string(Secret::octets, filled_with)));
}

std::string seal(const Key& key, const std::string& name, std::string_view text, std::size_t step) {
    Sealer sealer(key, name);
    std::string out = sealer.begin();
    for (std::size_t at = 0; at < text.size(); at += step) out += sealer.add(text.substr(at, step));
    return out + sealer.finish();
}

Result<std::string> open(const Key& key, const std::string& name, std::string_view sealed, std::size_t step) {
    Opener opener(key, name);
    std::string out;
    for (std::size_t at = 0; at < sealed.size(); at += step) out += TRY(opener.add(sealed.substr(at, step)));
    return out + TRY(opener.finish());
}

std::string pattern(std::size_t octets) {
    std::string text(octets, '\0');
    for (std::size_t i = 0; i < octets; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
    return text;
}

}  // namespace

TEST_CASE("seal: what was sealed is opened, whatever the sizes of the pieces") {
    const Key key = test_key('k');
    for (const std::size_t octets : {std::size_t{0}, std::size_t{1}, chunk_octets - 1, chunk_octets,
                                     chunk_octets + 1, 2 * chunk_octets, 2 * chunk_octets + 5}) {
        CAPTURE(octets);
        const std::string text = pattern(octets);
        const std::string sealed = seal(key, "name", text, 100'003);
        const std::size_t chunks = std::max<std::size_t>(1, (octets + chunk_octets - 1) / chunk_octets);
        CHECK(sealed.size() == salt_octets + octets + chunks * tag_octets);
        for (const std::size_t step : {std::size_t{7'919}, sealed.size()})
            CHECK(open(key, "name", sealed, step).value_or("none") == text);
        CHECK(seal(key, "name", text, chunk_octets) != sealed);  // another salt
    }
    const std::string small = seal(key, "name", "small", 1);
    CHECK(open(key, "name", small, 1).value_or("none") == "small");
}

TEST_CASE("seal: every bit that turns over, and every cut, is found") {
    const Key key = test_key('k');
    const std::string sealed = seal(key, "name", "From: ann@a.example", 100);
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        std::string damaged = sealed;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        CHECK_FALSE(open(key, "name", damaged, 64).has_value());
    }
    for (std::size_t length = 0; length < sealed.size(); ++length)
        CHECK_FALSE(open(key, "name", std::string_view(sealed).substr(0, length), 64).has_value());
    CHECK_FALSE(open(key, "name", sealed + '\0', 64).has_value());
}

TEST_CASE("seal: chunks stay in their place, files under their name, and keys are told apart") {
    const Key key = test_key('k');
    const std::string sealed = seal(key, "name", pattern(3 * chunk_octets), chunk_octets);
    const std::size_t chunk = chunk_octets + tag_octets;
    CHECK(open(key, "name", sealed, chunk).has_value());
    CHECK_FALSE(open(key, "other", sealed, chunk).has_value());
    CHECK_FALSE(open(test_key('l'), "name", sealed, chunk).has_value());
    std::string swapped = sealed;
    std::swap_ranges(&swapped[salt_octets], &swapped[salt_octets] + chunk, &swapped[salt_octets + chunk]);
    CHECK_FALSE(open(key, "name", swapped, chunk).has_value());
    // Cut at the end of a chunk: what is left is whole, but not the last.
    CHECK_FALSE(
        open(key, "name", std::string_view(sealed).substr(0, salt_octets + chunk), chunk).has_value());
    CHECK(key.id() != test_key('l').id());
    CHECK(key.object_name("x") != test_key('l').object_name("x"));
}

TEST_CASE("seal: a key file is 32 octets that only its owner may read, and never written over") {
    const std::string file = (std::filesystem::temp_directory_path() / "heliopost-key-test").string();
    std::filesystem::remove(file);
    REQUIRE(Key::make(file).has_value());
    CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::all) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    const auto key = Key::read(file), again = Key::read(file);
    REQUIRE(key.has_value());
    REQUIRE(again.has_value());
    CHECK(key->id() == again->id());
    CHECK_FALSE(Key::make(file).has_value());
    std::filesystem::permissions(file, std::filesystem::perms::group_read,
                                 std::filesystem::perm_options::add);
    CHECK_FALSE(Key::read(file).has_value());
    std::filesystem::permissions(file, std::filesystem::perms::group_read,
                                 std::filesystem::perm_options::remove);
    std::ofstream(file, std::ios::app) << "x";
    CHECK_FALSE(Key::read(file).has_value());
    std::filesystem::remove(file);
}

}  // namespace heliopost::backup
