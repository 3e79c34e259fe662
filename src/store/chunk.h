// A chunk of a blob as it is stored: a fixed header and the octets, compressed where that helps.
//
//   codec u8 (0 plain, 1 zstd) | key u8 (0: not encrypted) | octets u32 | CRC-32C u32 | payload
//
// octets is the size before compression; the checksum covers the six octets before it and the payload.
// Numbers are big-endian. Internal to store/.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/blob.h"

namespace heliopost::store {

inline constexpr size_t chunk_header_octets = 10;

// plain: at most chunk_octets.
std::string encode_chunk(std::string_view plain);

// Fails with Fault::internal when a record is not what encode_chunk made.
Result<std::string> decode_chunk(std::string_view record);

// The record with its checksum made right, so that tests reach what the checksum guards.
std::string with_right_checksum(std::string record);

}  // namespace heliopost::store
