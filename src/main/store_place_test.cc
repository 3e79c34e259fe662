#include "main/store_place.h"

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

struct Given {
    Given() { REQUIRE(mkdtemp(path.data()) != nullptr); }
    ~Given() { fs::remove_all(path); }
    Given(const Given&) = delete;
    Given& operator=(const Given&) = delete;
    void make(const std::string& name) const { std::ofstream(path + "/" + name) << "x"; }
    uid_t owner(const std::string& name) const {
        struct stat found{};
        REQUIRE(lstat((path + name).c_str(), &found) == 0);
        return found.st_uid;
    }
    std::string path = (fs::temp_directory_path() / "heliopost-place-XXXXXX").string();
};

}  // namespace

TEST_CASE("check_store_place: a store, what comes before one, and nothing else") {
    const Given place;
    CHECK(check_store_place(place.path + "/absent").has_value());
    CHECK(check_store_place(place.path).has_value());
    for (const char* name : {"server.key", "LOCK", "LOG", "IDENTITY", "MANIFEST-000001", "000001.dbtmp"})
        place.make(name);
    fs::create_directory(place.path + "/lost+found");
    CHECK(check_store_place(place.path).has_value());
    place.make("passwd");
    const auto checked = check_store_place(place.path);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().text.contains("holds files and no store"));
    for (const char* name : {"CURRENT", "restoring"}) {
        place.make(name);
        CHECK(check_store_place(place.path).has_value());
        fs::remove(place.path + "/" + name);
    }
    CHECK_FALSE(check_store_place(place.path).has_value());
    CHECK_FALSE(check_store_place(place.path + "/passwd").has_value());  // no directory
}

TEST_CASE("give_store_to_user: somebody else's files stay theirs") {
    const passwd* nobody = getpwnam("nobody");
    if (geteuid() != 0 || nobody == nullptr) return;  // root alone may
    const uid_t user = nobody->pw_uid;
    const Given place;
    place.make("passwd");
    CHECK_FALSE(give_store_to_user(place.path, "nobody").has_value());
    CHECK(place.owner("") == 0);
    CHECK(place.owner("/passwd") == 0);
    place.make("CURRENT");
    CHECK(give_store_to_user(place.path, "nobody").has_value());
    CHECK(place.owner("/passwd") == user);
    CHECK(give_store_to_user(place.path + "/new", "nobody").has_value());
    CHECK(place.owner("/new") == user);
}

}  // namespace heliopost
