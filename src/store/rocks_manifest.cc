#include "store/rocks_manifest.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "store/rocks_log_record.h"

namespace heliopost::store {
namespace {

constexpr std::size_t sector_octets = 512;
constexpr std::size_t hole_octets_min =
    8;  // fewer zeros may stand in any record, but for the end of the last

// Records up to the first that cannot be read: the end of the last whole one, and where that is.
struct Sound {
    std::size_t until = 0;
    std::size_t stopped_at = 0;
};

Sound sound_part(std::string_view octets) {
    Sound sound;
    sound.stopped_at = each_record(octets, [&](const LogRecord& record, std::size_t end) {
        if (record.type == LogRecord::full || record.type == LogRecord::last) sound.until = end;
    });
    return sound;
}

// A record begins in the last octets of a sector that never came: fewer zeros than a hole has. Where some of
// its checksum is in the next sector, that must be right, or it is another damage.
bool begins_in_hole(std::string_view octets, std::size_t from) {
    constexpr std::size_t checksum_octets = 4;
    const std::size_t zeros = sector_octets - from % sector_octets;
    const auto record = octets.substr(from);
    if (zeros >= hole_octets_min || record.size() < LogRecord::header_octets ||
        record.substr(0, zeros).find_first_not_of('\0') != std::string_view::npos)
        return false;
    if (zeros >= checksum_octets) return true;
    const std::size_t length = little_endian(record.substr(checksum_octets, 2));
    if (LogRecord::header_octets + length > record.size()) return false;
    const std::uint64_t right = LogRecord::checksum(record.substr(LogRecord::header_octets - 1, 1 + length));
    const std::uint64_t lost = (std::uint64_t{1} << (8 * zeros)) - 1;
    return (right & ~lost) == little_endian(record.substr(0, checksum_octets));
}

// A sector, or what of it belongs to the end or lies before the next record, without an octet.
bool has_hole(std::string_view octets, std::size_t from, std::size_t until) {
    for (std::size_t at = from; at < until;) {
        const std::size_t end = std::min(octets.size(), (at / sector_octets + 1) * sector_octets);
        const auto part = octets.substr(at, end - at);
        const bool is_last = end == octets.size() && at % sector_octets == 0;
        if ((part.size() >= hole_octets_min || is_last) &&
            part.find_first_not_of('\0') == std::string_view::npos)
            return true;
        at = end;
    }
    return false;
}

// Where a record begins somewhere behind the damage; the end, if none does.
std::size_t next_record(std::string_view octets, std::size_t from) {
    for (std::size_t at = from + 1; at < octets.size(); ++at) {
        const std::size_t left = LogRecord::block_octets - at % LogRecord::block_octets;
        const auto record = LogRecord::read(octets.substr(at, left));
        if (record && (record->type == LogRecord::full || record->type == LogRecord::first)) return at;
    }
    return octets.size();
}

bool is_synced(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = file >= 0 && ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    return synced;
}

}  // namespace

std::optional<std::uint64_t> torn_from(std::string_view manifest) {
    if (manifest.size() > manifest_file_octets_max) return std::nullopt;
    const Sound sound = sound_part(manifest);
    if (sound.stopped_at == manifest.size() || manifest.size() - sound.until > torn_end_octets_max)
        return std::nullopt;
    if ((!has_hole(manifest, sound.until, manifest.size()) && !begins_in_hole(manifest, sound.until)) ||
        next_record(manifest, sound.stopped_at) < manifest.size())
        return std::nullopt;
    return sound.until;
}

std::optional<std::uint64_t> rotten_at(std::string_view manifest) {
    const Sound sound = sound_part(manifest);
    const std::size_t at = sound.stopped_at;
    if (at == manifest.size()) return std::nullopt;
    const auto rest = manifest.substr(at, LogRecord::block_octets - at % LogRecord::block_octets);
    if (is_whole_but_for_header(rest)) return at;
    const std::size_t next = next_record(manifest, at);
    if (next == manifest.size() || has_hole(manifest, sound.until, next) ||
        begins_in_hole(manifest, sound.until))
        return std::nullopt;
    return at;
}

std::optional<ManifestFile> ManifestFile::read(const std::string& directory) {
    std::ifstream current(directory + "/CURRENT");
    std::string name;
    constexpr std::string_view prefix = "MANIFEST-";
    if (!std::getline(current, name) || !name.starts_with(prefix) || name.size() == prefix.size() ||
        name.find_first_not_of("0123456789", prefix.size()) != std::string::npos)
        return std::nullopt;
    ManifestFile file{directory + "/" + name, {}};
    std::error_code error;
    if (std::filesystem::file_size(file.path, error) > manifest_file_octets_max || error) return std::nullopt;
    std::ifstream in(file.path, std::ios::binary);
    file.octets.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    if (!in) return std::nullopt;
    return file;
}

Result<bool> ManifestCut::cut(const std::string& directory) {
    const auto manifest = ManifestFile::read(directory);
    const auto from = manifest ? torn_from(manifest->octets) : std::nullopt;
    if (!from) return false;
    const std::string& path = manifest->path;
    std::error_code error;
    const std::string kept = path + ".torn";
    std::filesystem::copy_file(path, kept, std::filesystem::copy_options::overwrite_existing, error);
    if (error || !is_synced(kept)) return fail(Fault::internal, "cannot write " + kept);
    if (::truncate(path.c_str(), static_cast<off_t>(*from)) != 0 || !is_synced(path))
        return fail(Fault::internal, "cannot cut off the torn end of " + path);
    file_ = path;
    kept_ = kept;
    return true;
}

void ManifestCut::undo() {
    std::error_code ignored;
    if (!kept_.empty()) std::filesystem::rename(kept_, file_, ignored);
}

}  // namespace heliopost::store
