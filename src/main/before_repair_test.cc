#include "main/before_repair.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace heliopost {
namespace {

namespace fs = std::filesystem;

class FilesOfStore {
public:
    FilesOfStore() {
        path = (fs::temp_directory_path() / "heliopost-before-repair-XXXXXX").string();
        REQUIRE(mkdtemp(path.data()) != nullptr);
        for (const char* name : {"CURRENT", "MANIFEST-000004", "000002.sst", "000003.log", "LOCK"})
            std::ofstream(path + "/" + name) << "octets of " << name;
        fs::create_directory(path + "/checkpoint");
    }
    ~FilesOfStore() { fs::remove_all(path); }
    FilesOfStore(const FilesOfStore&) = delete;
    FilesOfStore& operator=(const FilesOfStore&) = delete;

    std::size_t kept() const {
        std::size_t count = 0;
        for (const auto& entry : fs::directory_iterator(path))
            count += entry.path().filename().string().starts_with("before-repair-") ? 1 : 0;
        return count;
    }
    std::string path;
};

std::string octets_of_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Another process, as a server that runs: it has the engine's lock while this lives.
class HoldsLock {
public:
    explicit HoldsLock(const std::string& store) {
        std::array<int, 2> up{}, down{};
        REQUIRE((::pipe(up.data()) == 0 && ::pipe(down.data()) == 0));
        const std::string path = store + "/LOCK";
        child_ = ::fork();
        REQUIRE(child_ >= 0);
        char octet = 'x';
        if (child_ == 0) {
            ::close(down[1]);
            struct flock lock{};
            lock.l_type = F_WRLCK;
            const bool has = ::fcntl(::open(path.c_str(), O_RDWR), F_SETLK, &lock) == 0;
            const bool told = ::write(up[1], has ? "y" : "n", 1) == 1;
            ::_exit(told && ::read(down[0], &octet, 1) == 0 ? 0 : 1);
        }
        ::close(up[1]);
        ::close(down[0]);
        const bool told = ::read(up[0], &octet, 1) == 1;
        ::close(up[0]);
        release_ = down[1];
        REQUIRE((told && octet == 'y'));
    }
    ~HoldsLock() {
        ::close(release_);
        ::waitpid(child_, nullptr, 0);
    }
    HoldsLock(const HoldsLock&) = delete;
    HoldsLock& operator=(const HoldsLock&) = delete;

private:
    pid_t child_ = -1;
    int release_ = -1;
};

}  // namespace

TEST_CASE("before repair: the store is kept as it is, whatever an opening cuts off in its place") {
    const FilesOfStore store;
    const auto kept = BeforeRepair::keep(store.path);
    REQUIRE_MESSAGE(kept.has_value(), (kept ? "" : kept.error().text));
    fs::resize_file(store.path + "/MANIFEST-000004", 3);
    fs::resize_file(store.path + "/CURRENT", 0);
    for (const char* name : {"CURRENT", "MANIFEST-000004", "000002.sst", "000003.log"})
        CHECK(octets_of_file(kept->path() + "/" + name) == "octets of " + std::string(name));
    CHECK(fs::hard_link_count(store.path + "/000002.sst") == 2);
    CHECK_FALSE(fs::exists(kept->path() + "/LOCK"));
    kept->remove();
    CHECK(store.kept() == 0);
    CHECK(fs::exists(store.path + "/000002.sst"));
}

TEST_CASE("before repair: nothing is kept of a store that another process has") {
    const FilesOfStore store;
    {
        const HoldsLock server(store.path);
        const auto kept = BeforeRepair::keep(store.path);
        REQUIRE_FALSE(kept.has_value());
        CHECK(kept.error().fault == Fault::exists);
        CHECK(kept.error().text.contains("in use by another heliopost process"));
        CHECK(store.kept() == 0);
    }
    const auto kept = BeforeRepair::keep(store.path);
    REQUIRE(kept.has_value());
    // While it lives nobody else gets the lock; the engine, in this process, does.
    const pid_t other = ::fork();
    REQUIRE(other >= 0);
    if (other == 0) {
        struct flock lock{};
        lock.l_type = F_WRLCK;
        const int file = ::open((store.path + "/LOCK").c_str(), O_RDWR);
        ::_exit(file >= 0 && ::fcntl(file, F_SETLK, &lock) != 0 ? 0 : 1);
    }
    int status = 1;
    REQUIRE(::waitpid(other, &status, 0) == other);
    CHECK(status == 0);
}

}  // namespace heliopost
