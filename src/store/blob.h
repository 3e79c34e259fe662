// Blobs: octets written once, named by an id that is never guessed (time and 80 random bits), found
// again by their SHA-256.
//
// A blob is kept by references (Batch::reference), not by counters; one that has none and was not used
// for 24 hours is swept. Chunks of chunk_octets, each compressed (zstd) and checksummed.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/task.h"

namespace heliopost::store {

inline constexpr size_t chunk_octets = 256 * 1024;

struct BlobId {
    std::array<std::byte, 16> octets{};
    auto operator<=>(const BlobId&) const = default;

    std::string_view view() const { return {reinterpret_cast<const char*>(octets.data()), octets.size()}; }
    static Result<BlobId> from(std::string_view octets);  // exactly 16
};

struct BlobRef {
    BlobId id;
    std::uint64_t octets = 0;
    std::string sha256;  // 32 octets
    bool operator==(const BlobRef&) const = default;
};

// A finished blob that becomes real with the commit that names it (Store::commit). Its last chunk and its
// manifest travel in that commit, so that a small message costs one write. Move-only in spirit: commit
// it once; dropping it leaves at most unsynced chunks for the sweeper.
struct StagedBlob {
    BlobRef ref;
    bool known = false;  // the same octets are stored already: ref names them, nothing is written
    struct Chunk {
        std::uint32_t index;
        std::string octets;  // as stored: codec, checksum, compressed
    };
    std::vector<Chunk> chunks;
};

// Takes a message's octets while they arrive. Full chunks go through the committer unsynced.
class BlobWriter {
public:
    virtual ~BlobWriter() = default;

    // Fails with Fault::too_large past the writer's limit, Fault::temporary when the disk is below its
    // reserve. The octets are copied before it first waits.
    virtual net::Task<Result<void>> append(std::string_view octets) = 0;
    virtual net::Task<Result<StagedBlob>> finish() = 0;
    virtual std::uint64_t octets() const = 0;
};

class BlobStore {
public:
    virtual ~BlobStore() = default;

    virtual std::unique_ptr<BlobWriter> writer(std::uint64_t octets_max) = 0;

    // The octets [from, from + count) of the blob, cut at its end. At most read_octets_max a call. Fails
    // with Fault::not_found, or Fault::internal when a checksum is wrong.
    static constexpr size_t read_octets_max = 4 * chunk_octets;
    virtual net::Task<Result<std::string>> read(BlobId blob, std::uint64_t from, std::uint64_t count) = 0;

    // The blob was found damaged: when its octets come again, they are stored again, and no message is
    // acknowledged that only this blob would hold.
    virtual net::Task<Result<void>> distrust(BlobId blob) = 0;

    // Deletes what no reference keeps and nobody used for unused_before_sweep, looking at some blobs_max
    // blobs a call and going on there in the next. One caller at a time.
    struct Swept {
        size_t looked_at = 0;
        size_t deleted = 0;
        bool done = false;  // reached the end; the next call starts over
    };
    static constexpr std::chrono::hours unused_before_sweep{24};
    virtual net::Task<Result<Swept>> sweep(Time now, size_t blobs_max) = 0;
};

}  // namespace heliopost::store
