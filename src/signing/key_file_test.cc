#include "signing/key_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "signing/server_key.h"
#include "signing/test_keys.h"

namespace heliopost::signing {
namespace {

struct Doctored {
    TestFolder folder;
    std::string file = folder.file("server.key");
    KeyOwner owner{"mail", geteuid()};
    std::vector<SealedKey> sealed;

    Doctored() {
        const auto key = ServerKey::make(file);
        REQUIRE(key.has_value());
        sealed = {{"s1._domainkey.a.example", key->id()}, {"s2._domainkey.a.example", key->id()}};
    }
    std::vector<KeyTrial> tried() const { return try_key_file(look_at_key_file(file), owner, sealed); }
    // What is wrong, joined; how many were tried.
    std::string wrong(std::size_t count) const {
        const auto all = tried();
        CHECK(all.size() == count);
        std::string out;
        for (const KeyTrial& one : all) {
            CHECK_FALSE(one.advice.empty());
            CHECK_FALSE(one.advice.contains('\n'));
            if (!one.good) out += one.what + ": " + one.advice + "|";
        }
        return out;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Doctored, "key file: a good one, and one that is still to be made") {
    CHECK(wrong(5).empty());
    std::filesystem::remove(file);
    sealed.clear();
    CHECK(wrong(1).empty());
    CHECK(tried()[0].advice.contains("serve makes"));
    CHECK_FALSE(std::filesystem::exists(file));  // nobody made one here
}

TEST_CASE_FIXTURE(Doctored, "key file: absent, while something is sealed with it") {
    std::filesystem::remove(file);
    CHECK(wrong(1).contains("2 keys were sealed with it: put your copy there"));
    std::filesystem::create_directory(file);
    CHECK(wrong(1).contains("is no file"));
    file += "/below/it";
    CHECK(wrong(1).contains("2 keys were sealed"));
}

TEST_CASE_FIXTURE(Doctored, "key file: others may read it, or write it") {
    const std::pair<mode_t, std::string> modes[] = {
        {0640U, "640"}, {0604U, "604"}, {0620U, "620"}, {0644U, "644"}};
    for (const auto& [mode, text] : modes) {
        REQUIRE(::chmod(file.c_str(), mode) == 0);
        CHECK(wrong(4) ==
              "for its owner alone: mode " + text + ", others may get at it: chmod 600 " + file + "|");
    }
}

TEST_CASE_FIXTURE(Doctored, "key file: somebody else's") {
    owner.uid = geteuid() + 1;
    CHECK(wrong(5).ends_with("chown mail " + file + "|"));
    owner.uid.reset();
    CHECK(wrong(5).contains("there is no user \"mail\""));
}

TEST_CASE_FIXTURE(Doctored, "key file: too short, too long, empty") {
    for (const std::size_t octets : {0UL, 31UL, 33UL}) {
        std::ofstream(file, std::ios::trunc) << std::string(octets, 'x');
        CHECK(wrong(4).starts_with("as long as a key: " + std::to_string(octets) + " octets, not 32"));
    }
}

TEST_CASE_FIXTURE(Doctored, "key file: another one than what sealed the stored keys") {
    sealed[1].server_key = "0123456789abcdef";
    const std::string one = wrong(5);
    CHECK(one.contains("1 of 2 were sealed with another one"));
    CHECK(one.contains("s2._domainkey.a.example with 0123456789abcdef"));
    std::filesystem::remove(file);
    REQUIRE(ServerKey::make(file).has_value());
    CHECK(wrong(5).contains("2 of 2"));
}

}  // namespace heliopost::signing
