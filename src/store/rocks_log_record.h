// One record of RocksDB's log format, which its write-ahead log and its MANIFEST share. Internal to store/.
//
// Records lie in blocks: a whole thing in one (full), or in fragments. Format:
// https://github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace heliopost::store {

struct LogRecord {
    static constexpr std::size_t block_octets = 32 * 1024;
    static constexpr std::size_t header_octets = 7;  // checksum u32, length u16, type u8; little-endian

    enum Type : unsigned char { full = 1, first = 2, middle = 3, last = 4 };
    Type type = full;
    std::string_view payload;

    // As it stands in front of a record of this type and payload.
    static std::uint32_t checksum(std::string_view type_and_payload);

    std::size_t octets() const { return header_octets + payload.size(); }

    // The one at the front of the octets, which end where the block ends, if its checksum is right.
    static std::optional<LogRecord> read(std::string_view octets);
};

// Octets that read() does not take, up to the end of their block or file: a whole record all the same, but
// for a type or a length that rotted. No write that was cut short looks so: its payload is whole, its
// checksum too.
bool is_whole_but_for_header(std::string_view octets);

// The records of a file in their order, each with where it ends, up to the first that cannot be read; gives
// where that is, or the file's size.
std::size_t each_record(std::string_view file,
                        const std::function<void(const LogRecord& record, std::size_t end)>& take);

std::uint64_t little_endian(std::string_view octets);  // at most eight

}  // namespace heliopost::store
