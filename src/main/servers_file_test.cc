#include "main/servers_file.h"

#include <doctest/doctest.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace heliopost {
namespace {

namespace fs = std::filesystem;

// Below a folder that root alone may change, which /tmp is not.
struct RootsFolder {
    RootsFolder() { made = mkdtemp(path.data()) != nullptr; }
    ~RootsFolder() {
        if (made) fs::remove_all(path);
    }
    RootsFolder(const RootsFolder&) = delete;
    RootsFolder& operator=(const RootsFolder&) = delete;
    bool made = false;
    std::string path = "/run/heliopost-servers-file-XXXXXX";
};

void write(const fs::path& file, const std::string& octets, mode_t mode) {
    std::ofstream(file) << octets;
    REQUIRE(chmod(file.c_str(), mode) == 0);
}

std::string read(const fs::path& file, const std::string& user = "nobody") {
    auto opened = open_servers_file(file, user);
    if (!opened) return "(" + opened.error().text + ")";
    auto in = backup::InputFile::open(file, &*opened);
    REQUIRE(in.has_value());
    return in->read().value_or("(unreadable)");
}

bool is_denied(const fs::path& file) {
    return read(file).find("as user \"nobody\"") != std::string::npos;
}

}  // namespace

TEST_CASE(
    "open_servers_file: root follows no link that the server's user may change to what only root reads") {
    const passwd* nobody = getpwnam("nobody");
    if (geteuid() != 0 || nobody == nullptr) return;  // root alone is led
    const RootsFolder folder;
    if (!folder.made) return;
    const fs::path roots = folder.path, users = roots / "users", deep = roots / "deep";
    REQUIRE(chmod(roots.c_str(), 0755) == 0);
    for (const fs::path& one : {users, deep}) {
        fs::create_directory(one);
        REQUIRE(chmod(one.c_str(), 0755) == 0);
    }
    write(roots / "secret", "root's", 0600);
    write(users / "key", "user's", 0600);
    REQUIRE(chown((users / "key").c_str(), nobody->pw_uid, nobody->pw_gid) == 0);
    fs::create_symlink("../secret", users / "link");
    fs::create_symlink("../users/link", deep / "by-users");
    fs::create_symlink("../deep/../secret", deep / "own");
    fs::create_symlink(users / "key", deep / "absolute");
    fs::create_directory_symlink(roots, users / "folder");
    REQUIRE(chown(users.c_str(), nobody->pw_uid, nobody->pw_gid) == 0);

    CHECK(read(roots / "secret") == "root's");
    CHECK(read(deep / "own") == "root's");
    CHECK(read(users / "key") == "user's");
    CHECK(read(deep / "absolute") == "user's");
    CHECK(is_denied(users / "link"));
    CHECK(is_denied(users / "folder/secret"));
    CHECK(is_denied(deep / "by-users"));
    CHECK(read(users / "link", "") == "root's");  // no user: there is nobody to be misled by

    REQUIRE(chmod(deep.c_str(), 0775) == 0);
    CHECK(is_denied(deep / "own"));
    fs::create_directory(deep / "inner");
    write(deep / "inner/key", "root's", 0600);
    write(deep / "key", "root's", 0600);
    REQUIRE(chmod((deep / "inner").c_str(), 0755) == 0);
    CHECK(is_denied(deep / "inner/key"));
    REQUIRE(chmod(deep.c_str(), 01777) == 0);  // as /tmp
    CHECK(read(deep / "inner/key") == "root's");
    CHECK(is_denied(deep / "key"));  // it may be another's name of the file
    write(users / "roots", "root's", 0600);
    CHECK(is_denied(users / "roots"));
    CHECK(read(roots / "absent").find("No such file") != std::string::npos);
    CHECK(read(roots / "deep").find("is not a file") != std::string::npos);
    CHECK(geteuid() == 0);
    CHECK(read(roots / "secret") == "root's");  // the rights are back

    fs::path before = "secret";
    for (std::size_t i = 0; i <= path_links_max; ++i) {
        const fs::path link = "l" + std::to_string(i);
        fs::create_symlink(before, roots / link);
        before = link;
    }
    CHECK(read(roots / "l0") == "root's");
    CHECK_FALSE(read(roots / before) == "root's");  // past path_links_max
}

}  // namespace heliopost
