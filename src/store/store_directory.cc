#include "store/store_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "store/rocks_store.h"

namespace heliopost::store {
namespace {

namespace fs = std::filesystem;

constexpr mode_t own_mode = 0700, parent_mode = 0755;

std::unexpected<Error> failed(const std::string& what, const fs::path& path) {
    return fail(Fault::internal, "cannot " + what + " " + path.string() + ": " + std::strerror(errno));
}

Result<> sync_directory(const fs::path& path) {
    const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return failed("open", path);
    const bool synced = ::fsync(directory) == 0;
    if (!synced) {
        const auto error = failed("sync", path);
        ::close(directory);
        return error;
    }
    ::close(directory);
    return {};
}

Result<> make_one(const fs::path& path, mode_t mode) {
    std::error_code error;
    const fs::path parent = path.parent_path();
    if (!parent.empty() && parent != path && !fs::exists(parent, error)) TRY(make_one(parent, parent_mode));
    if (::mkdir(path.c_str(), mode) != 0) {
        if (errno == EEXIST) return {};
        return failed("make the directory", path);
    }
    return sync_directory(parent);
}

}  // namespace

Result<> make_store_directory(const std::string& path) {
    fs::path whole = fs::absolute(path).lexically_normal();
    if (!whole.has_filename()) whole = whole.parent_path();  // a slash at its end
    auto made = make_one(whole, own_mode);
    if (made || made.error().text.contains(whole.string())) return made;
    return fail(Fault::internal, "cannot make the directory " + whole.string() + ": " + made.error().text);
}

void remove_left_checkpoint(const std::string& path) {
    std::error_code error;
    const fs::path left = fs::path(path) / checkpoint_name;
    const fs::path unfinished = left.string() + ".tmp";
    if (!fs::exists(left, error) && !fs::exists(unfinished, error)) return;
    const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    if (::flock(directory, LOCK_EX | LOCK_NB) == 0) {
        fs::remove_all(left, error);
        fs::remove_all(unfinished, error);
    }
    ::close(directory);
}

}  // namespace heliopost::store
