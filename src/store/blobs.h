// Blobs: what both engines share of the blob store: writing, reading by range, sweeping.
//
// Manifests, hashes and references are rows of the blobs' partition, read through Store; only chunks are
// the engine's own (ChunkEngine). Internal to store/.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/blob.h"
#include "store/evaluate.h"
#include "store/store.h"

namespace heliopost::store {

using PlainChunk = std::shared_ptr<const std::string>;

class ChunkEngine {
public:
    virtual ~ChunkEngine() = default;
    virtual BlobId new_id() = 0;
    virtual Time now() const = 0;
    virtual bool has_space() const = 0;

    // Compresses, on another thread where there is one.
    virtual net::Task<std::string> encode(std::string plain) = 0;
    virtual net::Task<Result<>> write(ChunkWork work) = 0;
    // Chunks [first, first + count), decoded. Fails with Fault::internal when one is damaged or missing.
    virtual net::Task<Result<std::vector<PlainChunk>>> read(BlobId blob, std::uint32_t first,
                                                            std::uint32_t count) = 0;
    virtual net::Task<Result<size_t>> sweep(SweepWork work) = 0;
};

class Blobs final : public BlobStore {
public:
    Blobs(Store& store, ChunkEngine& engine) : store_(store), engine_(engine) {}

    std::unique_ptr<BlobWriter> writer(std::uint64_t octets_max) override;
    net::Task<Result<std::string>> read(BlobId blob, std::uint64_t from, std::uint64_t count) override;
    net::Task<Result<void>> distrust(BlobId blob) override;
    net::Task<Result<Swept>> sweep(Time now, size_t blobs_max) override;

private:
    net::Task<Result<size_t>> sweep_opened(Time used_before);
    net::Task<Result<std::vector<BlobId>>> unreferenced(std::vector<KeyValue> manifests, Time used_before);

    Store& store_;
    ChunkEngine& engine_;
    std::string sweep_from_;  // the next manifest to look at
};

}  // namespace heliopost::store
