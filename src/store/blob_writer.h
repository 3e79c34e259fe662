// ChunkedWriter: the BlobWriter of both engines. Internal to store/.
#pragma once

#include <string>

#include "crypto/sha256.h"
#include "store/blobs.h"

namespace heliopost::store {

class ChunkedWriter final : public BlobWriter {
public:
    ChunkedWriter(Store& store, ChunkEngine& engine, std::uint64_t octets_max)
        : store_(store), engine_(engine), octets_max_(octets_max), id_(engine.new_id()) {}

    net::Task<Result<void>> append(std::string_view octets) override;
    net::Task<Result<StagedBlob>> finish() override;
    std::uint64_t octets() const override { return octets_; }

private:
    net::Task<Result<void>> write_full_chunk();
    net::Task<Result<bool>> find_known(StagedBlob* staged);

    Store& store_;
    ChunkEngine& engine_;
    std::uint64_t octets_max_;
    BlobId id_;
    crypto::Sha256 hash_;
    std::uint64_t octets_ = 0;
    std::uint32_t chunks_written_ = 0;
    std::string buffer_;  // less than a chunk between calls, or exactly one
};

}  // namespace heliopost::store
