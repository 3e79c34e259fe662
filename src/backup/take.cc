#include "backup/take.h"

#include <algorithm>
#include <filesystem>

namespace heliopost::backup {
namespace {

// What RocksDB makes for itself and needs not: its diary, and its lock.
bool is_needed(const std::string& name) {
    return name != "LOCK" && !name.starts_with("LOG");
}

}  // namespace

Result<std::vector<Source>> store_files(const std::string& directory, const Descriptor* below) {
    std::error_code error;
    std::vector<Source> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        const std::string name = entry.path().filename().string();
        if (entry.is_regular_file() && is_needed(name))
            files.push_back({File::Kind::store, name, entry.path().string(), below});
    }
    if (error) return fail(Fault::denied, "cannot read " + directory + ": " + error.message());
    std::ranges::sort(files, {}, &Source::name);
    return files;
}

Result<Taken> take(Vault& vault, Manifest manifest, const std::vector<Source>& sources,
                   const Progress& progress) {
    Taken taken;
    for (const Source& source : sources) {
        File file{.kind = source.kind, .name = source.name, .octets = 0, .sha256 = {}, .object = {}};
        if (TRY(vault.keep(source.path, file, progress, source.opened))) {
            ++taken.files_new;
            taken.octets_new += file.octets;
        }
        manifest.files.push_back(std::move(file));
    }
    taken.name = TRY(vault.add(manifest));
    taken.manifest = std::move(manifest);
    return taken;
}

Result<Verified> verify(const Vault& vault, const Manifest& manifest, std::vector<std::string>& checked,
                        const Progress& progress) {
    Verified verified;
    for (const File& file : manifest.files) {
        ++verified.files;
        verified.octets += file.octets;
        const auto place = std::ranges::lower_bound(checked, file.object);
        if (place != checked.end() && *place == file.object) continue;
        const auto read = vault.read(file, [&](std::string_view octets) { return progress(octets.size()); });
        if (read) {
            checked.insert(place, file.object);
            continue;
        }
        if (read.error().fault != Fault::internal) return std::unexpected(read.error());
        if (verified.damaged.size() < damaged_max) verified.damaged.push_back(read.error().text);
    }
    return verified;
}

}  // namespace heliopost::backup
