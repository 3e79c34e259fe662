#include "main/before_repair.h"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>

#include "backup/vault.h"
#include "net/system_clock.h"

namespace heliopost {
namespace {

namespace fs = std::filesystem;

constexpr char lock_name[] = "LOCK";

// As RocksDB takes it (fcntl): its own opening in this process is not held up.
Result<backup::Descriptor> lock_engine(const std::string& store) {
    const std::string path = store + "/" + lock_name;
    backup::Descriptor file(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (!file && errno == ENOENT) return file;  // nobody ever opened it
    if (!file) return std::unexpected(backup::failed("open", path));
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(file.get(), F_SETLK, &lock) == 0) return file;
    if (errno != EACCES && errno != EAGAIN) return std::unexpected(backup::failed("lock", path));
    return fail(Fault::exists,
                "the store at " + store + " is in use by another heliopost process: stop it before a repair");
}

// CURRENT is replaced and MANIFEST written anew, but a torn end of MANIFEST is cut off in its place.
bool is_changed_in_place(const std::string& name) {
    return name == "CURRENT" || name.starts_with("MANIFEST-");
}

Result<> copy(const std::string& from, const std::string& to) {
    auto in = TRY(backup::InputFile::open(from));
    auto out = TRY(backup::OutputFile::create(to));
    for (;;) {
        const std::string octets = TRY(in.read());
        if (octets.empty()) return out.finish();
        TRY(out.write(octets));
    }
}

Result<> keep_files(const std::string& store, const std::string& path) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(store, error)) {
        const std::string name = entry.path().filename().string();
        if (!fs::is_regular_file(entry.symlink_status(error)) || name == lock_name) continue;
        const std::string to = path + "/" + name;
        if (is_changed_in_place(name)) {
            TRY(copy(entry.path().string(), to));
            continue;
        }
        fs::create_hard_link(entry.path(), to, error);
        if (error)
            return fail(Fault::denied, "cannot link " + entry.path().string() + ": " + error.message());
    }
    if (error) return fail(Fault::denied, "cannot read " + store + ": " + error.message());
    TRY(backup::sync_directory(path));
    return backup::sync_directory(store);
}

}  // namespace

Result<BeforeRepair> BeforeRepair::keep(const std::string& store) {
    auto lock = TRY(lock_engine(store));
    BeforeRepair kept(std::move(lock), store + "/before-repair-" + backup::backup_name(net::system_now()));
    TRY(backup::make_directory(kept.path_));
    if (const auto done = keep_files(store, kept.path_); !done) {
        kept.remove();
        return std::unexpected(done.error());
    }
    return kept;
}

void BeforeRepair::remove() const {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

}  // namespace heliopost
