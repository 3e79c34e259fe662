#include "backup/restore.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "store/rocks_store.h"

namespace heliopost::backup {
namespace {

namespace fs = std::filesystem;

// RocksDB opens a store by this file: it comes last.
constexpr char current_name[] = "CURRENT";

std::string restoring(const std::string& place) {
    return place + "/" + store::restoring_name;
}

Result<> check_place(const std::string& place) {
    std::error_code error;
    if (!fs::exists(place, error) || fs::exists(restoring(place), error)) return {};
    for (const auto& entry : fs::directory_iterator(place, error))
        if (entry.path().filename() != "lost+found")
            return fail(Fault::exists,
                        place +
                            " is not empty: a whole restore goes only where nothing is; move it "
                            "away, or name an account");
    if (error) return fail(Fault::denied, "cannot read " + place + ": " + error.message());
    return {};
}

}  // namespace

Result<Descriptor> take_place(const std::string& place) {
    TRY(check_place(place));  // before anything is made
    TRY(make_directory(place));
    Descriptor held(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!held) return std::unexpected(failed("open", place));
    if (::flock(held.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return fail(Fault::temporary, "another restore is at work in " + place + ": wait for its end");
        return std::unexpected(failed("lock", place));
    }
    TRY(check_place(place));  // the one before us may have ended meanwhile
    return held;
}

Result<> restore_file(const Vault& vault, const File& file, const std::string& path,
                      const Progress& progress) {
    OutputFile out = TRY(OutputFile::create(path));
    TRY(vault.read(file, [&](std::string_view octets) -> Result<> {
        TRY(progress(octets.size()));
        return out.write(octets);
    }));
    return out.finish();
}

Result<std::string> restore_store(const Vault& vault, const Manifest& manifest, const std::string& place,
                                  const Progress& progress) {
    TRY(check_place(place));
    std::error_code error;
    TRY(make_directory(place));
    const std::string directory = restoring(place);
    // An earlier one that was cut short: the marker itself goes last.
    for (const auto& entry : fs::directory_iterator(place, error))
        if (entry.path() != directory && entry.path().filename() != "lost+found")
            fs::remove_all(entry.path(), error);
    fs::remove_all(directory, error);
    TRY(make_directory(directory));
    TRY(sync_directory(place));
    for (const File& file : manifest.files)
        if (file.kind == File::Kind::store)
            TRY(restore_file(vault, file, directory + "/" + file.name, progress));
    TRY(sync_directory(directory));
    return directory;
}

// Below what is open: the place is the server's user's by now perhaps, and root moves the files.
Result<> finish_restore(const std::string& place) {
    const Descriptor to(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!to) return std::unexpected(failed("open", place));
    const Descriptor from = TRY(open_directory(to, store::restoring_name, restoring(place)));
    auto names = TRY(names_below(from, restoring(place)));
    std::ranges::partition(names, [](const std::string& name) { return name != current_name; });
    for (const std::string& name : names)
        if (::renameat(from.get(), name.c_str(), to.get(), name.c_str()) != 0)
            return std::unexpected(failed("rename", restoring(place) + "/" + name));
    TRY(sync_directory(place));
    if (::unlinkat(to.get(), store::restoring_name, AT_REMOVEDIR) != 0)
        return std::unexpected(failed("remove", restoring(place)));
    return sync_directory(place);
}

}  // namespace heliopost::backup
