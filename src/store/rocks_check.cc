#include "store/rocks_check.h"

#include "store/chunk.h"
#include "store/keys.h"
#include "store/records.pb.h"
#include "store/sha256.h"
#include "store/tuple.h"

namespace heliopost::store {
namespace {

constexpr std::uint64_t progress_every_rows = 10'000;

std::string hex(std::string_view octets) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : octets) {
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

class Check {
public:
    Check(Database& database, const CheckOptions& options) : database_(database), options_(options) {
        read_.verify_checksums = true;
        read_.fill_cache = false;
        read_.snapshot = database_.db->GetSnapshot();
    }
    ~Check() { database_.db->ReleaseSnapshot(read_.snapshot); }
    Check(const Check&) = delete;
    Check& operator=(const Check&) = delete;

    CheckReport run() {
        const auto status = database_.db->VerifyChecksum();
        if (!status.ok()) report_.add("a table is damaged: " + status.ToString());
        walk_rows();
        walk_chunks();
        return std::move(report_);
    }

private:
    void walk_rows() {
        const std::unique_ptr<rocksdb::Iterator> at(database_.db->NewIterator(read_, database_.rows));
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            count_row();
            if (at->key() != rocksdb::Slice(format_key))
                check_row(at->key().ToStringView(), at->value().ToStringView());
        }
        if (!at->status().ok()) report_.add("rows cannot be read: " + at->status().ToString());
    }

    void count_row() {
        if (++report_.records % progress_every_rows == 0 && options_.progress) options_.progress(report_);
    }

    void check_row(std::string_view key, std::string_view value) {
        TupleReader in(key);
        const auto kind = in.u8();
        const auto number = in.u64();
        const auto space = in.u8();
        if (!space || *kind < 1 || *kind > 4 || *space < 1 || *space > 3)
            return report_.add("a row under an unknown key " + hex(key.substr(0, 64)));
        const PartitionId partition{static_cast<PartitionId::Kind>(*kind), *number};
        switch (static_cast<Space>(*space)) {
            case Space::counters:
                if (value.size() != 8) report_.add("a counter that is not a number: " + hex(key));
                break;
            case Space::changes:
                if (!read_change(in.rest(), value)) report_.add("a change under a broken key: " + hex(key));
                break;
            case Space::rows:
                if (partition == blobs_partition) return check_blob_row(in.rest(), value);
                if (!options_.judge) break;
                if (auto problem = options_.judge(partition, in.rest(), value))
                    report_.add(std::move(*problem));
        }
    }

    void check_blob_row(std::string_view key, std::string_view value) {
        TupleReader in(key);
        switch (in.u8().value_or(0)) {
            case hash_rows: {
                const auto blob = BlobId::from(value);
                const auto manifest = blob ? find_manifest(*blob) : std::nullopt;
                if (!manifest) return report_.add("a hash without its blob: " + hex(in.rest()));
                if (manifest->sha256() != in.rest()) report_.add("a hash of another blob: " + hex(in.rest()));
                return;
            }
            case manifest_rows:
                return check_manifest(in.rest(), value);
            case reference_rows: {
                ++report_.references;
                const auto blob = BlobId::from(in.rest().substr(0, 16));
                if (!blob || in.rest().size() != 33) return report_.add("a broken reference: " + hex(key));
                if (!find_manifest(*blob)) report_.add("a reference to a missing blob: " + hex(key));
                return;
            }
            case open_rows:
                if (in.rest().size() != 16 || value.size() != 8)
                    report_.add("a broken row of an unfinished blob: " + hex(key));
                return;
            default:
                report_.add("an unknown row of the blobs: " + hex(key.substr(0, 64)));
        }
    }

    std::optional<Manifest> find_manifest(BlobId blob) {
        std::string record;
        const auto key = engine_key(blobs_partition, Space::rows, manifest_key(blob));
        Manifest manifest;
        if (!database_.db->Get(read_, database_.rows, key, &record).ok() || !manifest.ParseFromString(record))
            return std::nullopt;
        return manifest;
    }

    void check_manifest(std::string_view id, std::string_view record) {
        ++report_.blobs;
        const auto blob = BlobId::from(id);
        Manifest manifest;
        if (!blob || !manifest.ParseFromArray(record.data(), static_cast<int>(record.size())))
            return report_.add("a broken manifest: blob " + hex(id));
        report_.blob_octets += manifest.octets();
        Sha256 hash;
        std::uint64_t octets = 0;
        for (std::uint32_t index = 0; octets < manifest.octets(); ++index) {
            rocksdb::PinnableSlice chunk;
            const auto status = database_.db->Get(read_, database_.chunks, chunk_key(*blob, index), &chunk);
            const auto name = "chunk " + std::to_string(index) + " of blob " + hex(id);
            if (!status.ok()) return report_.add(name + " cannot be read: " + status.ToString());
            const auto plain = decode_chunk(chunk.ToStringView());
            if (!plain || plain->empty()) return report_.add(name + " is damaged");
            hash.add(*plain);
            octets += plain->size();
        }
        if (octets != manifest.octets()) return report_.add("blob " + hex(id) + " has a wrong size");
        if (hash.finish() != manifest.sha256()) report_.add("blob " + hex(id) + " has a wrong SHA-256");
    }

    void walk_chunks() {
        const std::unique_ptr<rocksdb::Iterator> at(database_.db->NewIterator(read_, database_.chunks));
        std::string checked;  // chunks of one blob lie side by side
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            count_row();
            const std::string id = at->key().ToString().substr(0, 16);
            if (std::exchange(checked, id) == id) continue;
            const auto blob = BlobId::from(id);
            if (blob && (find_manifest(*blob) || is_open(*blob))) continue;
            report_.add("chunks without a blob: " + hex(id));
        }
        if (!at->status().ok()) report_.add("chunks cannot be read: " + at->status().ToString());
    }

    bool is_open(BlobId blob) {
        std::string record;
        const auto key = engine_key(blobs_partition, Space::rows, open_key(blob));
        return database_.db->Get(read_, database_.rows, key, &record).ok();
    }

    Database& database_;
    const CheckOptions& options_;
    rocksdb::ReadOptions read_;
    CheckReport report_;
};

}  // namespace

CheckReport check_database(Database& database, const CheckOptions& options) {
    return Check(database, options).run();
}

}  // namespace heliopost::store
