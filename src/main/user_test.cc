#include "main/user.h"

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

struct Folder {
    Folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
    ~Folder() { fs::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string path = (fs::temp_directory_path() / "heliopost-user-XXXXXX").string();
};

uid_t owner_of(const fs::path& path) {
    struct stat found{};
    REQUIRE(lstat(path.c_str(), &found) == 0);
    return found.st_uid;
}

}  // namespace

TEST_CASE("give_to_user: all below, links themselves and not what they lead to, folders to a depth") {
    const passwd* nobody = getpwnam("nobody");
    if (geteuid() != 0 || nobody == nullptr) return;  // root alone may
    const Folder folder, outside;
    const fs::path given = fs::path(folder.path) / "given";
    fs::create_directories(given / "a/b");
    std::ofstream(given / "a/b/file") << "x";
    std::ofstream(outside.path + "/file") << "x";
    fs::create_symlink(outside.path, given / "link");
    CHECK(give_to_user(given, "nobody").has_value());
    for (const char* one : {"", "a", "a/b", "a/b/file", "link"})
        CHECK(owner_of(given / one) == nobody->pw_uid);
    CHECK(owner_of(outside.path + "/file") == 0);
    CHECK(owner_of(folder.path) == 0);
    CHECK(give_to_user(given / "absent", "nobody").has_value());
    CHECK(give_to_user(given, "").has_value());

    fs::path deep = given;
    for (std::size_t i = 0; i < given_depth_max; ++i) deep /= "d";
    fs::create_directories(deep);
    CHECK_FALSE(give_to_user(given, "nobody").has_value());
    fs::remove(deep);
    CHECK(give_to_user(given, "nobody").has_value());
}

}  // namespace heliopost
