#include "store/rocks_blob_check.h"

#include "crypto/sha256.h"
#include "store/chunk.h"
#include "store/keys.h"

namespace heliopost::store {

std::optional<Manifest> find_manifest(Database& database, const rocksdb::ReadOptions& read, BlobId blob) {
    std::string record;
    const auto key = engine_key(blobs_partition, Space::rows, manifest_key(blob));
    Manifest manifest;
    if (!database.db->Get(read, database.rows, key, &record).ok() || !manifest.ParseFromString(record))
        return std::nullopt;
    return manifest;
}

BlobCheck check_blob(Database& database, const rocksdb::ReadOptions& read, BlobId blob,
                     const Manifest& manifest, const std::function<bool(std::uint64_t octets)>& go_on) {
    crypto::Sha256 hash;
    std::uint64_t octets = 0;
    for (std::uint32_t index = 0; octets < manifest.octets(); ++index) {
        rocksdb::PinnableSlice chunk;
        const auto status = database.db->Get(read, database.chunks, chunk_key(blob, index), &chunk);
        const std::string name = "chunk " + std::to_string(index) + " of it ";
        if (status.IsNotFound()) return {name + "is missing"};
        if (!status.ok()) return {name + "cannot be read: " + status.ToString()};
        const auto plain = decode_chunk(chunk.ToStringView());
        if (!plain || plain->empty()) return {name + "is damaged"};
        hash.add(*plain);
        octets += plain->size();
        if (!go_on(chunk.size())) return {"", true};
    }
    if (octets != manifest.octets()) return {"has a wrong size"};
    if (hash.finish() != manifest.sha256()) return {"has a wrong SHA-256"};
    return {};
}

}  // namespace heliopost::store
