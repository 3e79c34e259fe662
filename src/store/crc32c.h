// CRC-32C (Castagnoli), RFC 3720 §12.1; the checksum of chunks and of the engine's log.
#pragma once

#include <cstdint>
#include <string_view>

namespace heliopost::store {

// Of the octets that follow those that before is the checksum of.
std::uint32_t crc32c(std::string_view octets, std::uint32_t before = 0);

}  // namespace heliopost::store
