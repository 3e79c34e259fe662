#include "main/snapshot.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "backup/take.h"

namespace heliopost {
namespace {

namespace fs = std::filesystem;

// An admin socket behind which somebody names a path of their choice as the store's checkpoint.
class NamesPath {
public:
    NamesPath(const std::string& socket, const std::string& path)
        : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        REQUIRE(socket.size() < sizeof at.sun_path);
        socket.copy(at.sun_path, socket.size());
        fs::remove(socket);
        REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
        REQUIRE(::listen(listener_.get(), 1) == 0);
        thread_ = std::thread([this, path] { answer(path); });
    }
    ~NamesPath() {
        ::shutdown(listener_.get(), SHUT_RDWR);  // where nobody asked
        thread_.join();
    }
    NamesPath(const NamesPath&) = delete;
    NamesPath& operator=(const NamesPath&) = delete;

private:
    void answer(const std::string& path) const {
        const backup::Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        std::array<char, 4096> request{};
        if (::read(client.get(), request.data(), request.size()) <= 0) return;
        const std::string line =
            R"({"ok":true,"message":"","columns":["path"],"rows":[[")" + path + "\"]]}\n";
        if (::write(client.get(), line.data(), line.size()) <= 0) return;
        while (::read(client.get(), request.data(), request.size()) > 0) {
        }
    }

    backup::Descriptor listener_;
    std::thread thread_;
};

class SnapshotPlace {
public:
    SnapshotPlace() {
        path = (fs::temp_directory_path() / "heliopost-snapshot-XXXXXX").string();
        REQUIRE(mkdtemp(path.data()) != nullptr);
        server.data_directory = path + "/store";
        server.admin_socket = path + "/admin.sock";
        fs::create_directory(server.data_directory);
    }
    ~SnapshotPlace() { fs::remove_all(path); }
    SnapshotPlace(const SnapshotPlace&) = delete;
    SnapshotPlace& operator=(const SnapshotPlace&) = delete;

    std::string own() const { return server.data_directory + "/checkpoint"; }
    static void make_store(const std::string& directory) {
        fs::create_directories(directory);
        for (const char* name : {"CURRENT", "MANIFEST-000004", "000002.sst"})
            std::ofstream(directory + "/" + name) << "octets of " << name;
    }
    Result<Snapshot> make(const std::string& named) const {
        const NamesPath answers(server.admin_socket, named);
        return Snapshot::make(server);
    }

    std::string path;
    ServerSettings server;
};

}  // namespace

TEST_CASE("snapshot: the data directory's own checkpoint is read, and gone afterwards") {
    SnapshotPlace place;
    place.server.data_directory += "/";  // the same directory
    SnapshotPlace::make_store(place.path + "/store/checkpoint");
    std::ofstream(place.path + "/beside") << "stays";
    fs::create_symlink(place.path + "/beside", place.path + "/store/checkpoint/link");
    {
        const auto snapshot = place.make(place.path + "/store/checkpoint");
        REQUIRE_MESSAGE(snapshot.has_value(), (snapshot ? "" : snapshot.error().text));
        const auto files = backup::store_files(snapshot->path(), &snapshot->files());
        REQUIRE(files.has_value());
        CHECK(files->size() >= 3);
        // Another directory under the same path, once it is open: what is read stays what it was.
        fs::rename(place.path + "/store/checkpoint", place.path + "/store/moved");
        fs::create_directory(place.path + "/elsewhere");
        std::ofstream(place.path + "/elsewhere/CURRENT") << "another's";
        fs::create_directory_symlink(place.path + "/elsewhere", place.path + "/store/checkpoint");
        for (const backup::Source& source : *files) {
            auto in = backup::InputFile::open(source.path, source.opened);
            CHECK(in.has_value() == (source.name != "link"));
            if (in) CHECK(in->read().value_or("") == "octets of " + source.name);
        }
    }
    CHECK(fs::exists(place.path + "/beside"));
    CHECK(fs::exists(place.path + "/elsewhere/CURRENT"));
    CHECK(fs::is_empty(place.path + "/store/moved"));
    fs::remove(place.path + "/store/checkpoint");
    fs::rename(place.path + "/store/moved", place.path + "/store/checkpoint");
    SnapshotPlace::make_store(place.path + "/store/checkpoint");
    CHECK(place.make(place.path + "/store/./checkpoint").has_value());
    CHECK_FALSE(fs::exists(place.path + "/store/checkpoint"));
}

TEST_CASE("snapshot: a path that the server chose is neither read nor removed") {
    const SnapshotPlace place;
    const std::string other = place.path + "/other";
    SnapshotPlace::make_store(other);
    SUBCASE("another directory") {
        CHECK_FALSE(place.make(other).has_value());
        CHECK_FALSE(place.make(place.own() + "/../../other").has_value());
    }
    SUBCASE("a link in place of the checkpoint") {
        fs::create_directory_symlink(other, place.own());
        CHECK_FALSE(place.make(place.own()).has_value());
        CHECK(fs::is_symlink(place.own()));
    }
    SUBCASE("no store in it") {
        fs::create_directory(place.own());
        std::ofstream(place.own() + "/CURRENT") << "MANIFEST-000004\n";
        CHECK_FALSE(place.make(place.own()).has_value());
        fs::create_symlink(other + "/MANIFEST-000004", place.own() + "/MANIFEST-000004");
        CHECK_FALSE(place.make(place.own()).has_value());
        CHECK(fs::exists(place.own() + "/CURRENT"));
    }
    SUBCASE("none made") {
        CHECK_FALSE(place.make(place.own()).has_value());
    }
    CHECK(std::distance(fs::directory_iterator(other), {}) == 3);
}

}  // namespace heliopost
