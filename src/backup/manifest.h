// Manifest: what one backup holds: the list of its files, each with the object that has its octets.
//
// Written last, as JSON, so a backup without one never counts. docs/format-backup.md states the fields;
// fields are only ever added, and unknown ones are passed over. Everything here is checked when it is read: a
// manifest cannot name a file outside of the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace heliopost::backup {

inline constexpr std::size_t manifest_octets_max = std::size_t{256} << 20;
inline constexpr std::size_t manifest_files_max = 1'000'000;

struct File {
    enum class Kind : std::uint8_t { store, configuration, certificate, key };
    Kind kind = Kind::store;
    std::string name;  // of a store's file: without a directory; of the others: where it was
    std::uint64_t octets = 0;
    std::string sha256;  // 32 octets
    std::string object;  // 64 hexadecimal digits
    // Permissions, of what is no store's file. Earlier versions did not write them.
    std::optional<std::uint32_t> mode = std::nullopt;
    bool operator==(const File&) const = default;
};

struct Manifest {
    std::string version;    // of the program that wrote it
    std::string host_name;  // of the server
    Time taken{};
    std::vector<File> files;
    bool operator==(const Manifest&) const = default;

    std::uint64_t octets() const;
};

std::string encode(const Manifest& manifest);
Result<Manifest> decode(std::string_view json);

std::string_view to_string(File::Kind kind);

}  // namespace heliopost::backup
