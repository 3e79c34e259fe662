// Records of RocksDB's log format, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/crc32c.h"

namespace heliopost::store {

inline std::string to_little_endian(std::uint64_t value, int octets) {
    std::string out;
    for (int i = 0; i < octets; ++i, value >>= 8) out += static_cast<char>(static_cast<unsigned char>(value));
    return out;
}

// A record of RocksDB's log format: its type and what it holds.
inline std::string fragment(char type, std::string_view payload) {
    const std::string checked = type + std::string(payload);
    const std::uint32_t crc = crc32c(checked);
    const std::uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
    return to_little_endian(masked, 4) + to_little_endian(payload.size(), 2) + checked;
}

}  // namespace heliopost::store
