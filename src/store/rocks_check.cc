#include "store/rocks_check.h"

#include "base/base64.h"
#include "store/keys.h"
#include "store/rocks_blob_check.h"
#include "store/tuple.h"

namespace heliopost::store {
namespace {

constexpr std::uint64_t progress_every_rows = 500;
constexpr size_t told_octets_max = 64;  // of a key that nobody knows

std::string name_of(std::string_view blob) {
    return "blob " + to_hex(blob);
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
        for (auto* family : {database_.rows, database_.chunks}) {
            std::uint64_t keys = 0;
            if (database_.db->GetIntProperty(family, rocksdb::DB::Properties::kEstimateNumKeys, &keys))
                report_.records_expected += keys;
        }
        const auto status = database_.db->VerifyChecksum();
        if (!status.ok()) report_.add(Harm::lost, "store", "a table is damaged: " + status.ToString());
        walk_rows();
        walk_chunks();
        return std::move(report_);
    }

private:
    void walk_rows() {
        const std::unique_ptr<rocksdb::Iterator> at(database_.db->NewIterator(read_, database_.rows));
        std::string last;
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            count_row();
            if (at->key() != rocksdb::Slice(format_key))
                check_row(at->key().ToStringView(), at->value().ToStringView());
            last.assign(at->key().ToStringView());
        }
        if (!at->status().ok()) lose_sight("store", "the rows after key " + to_hex(last), at->status());
    }

    void lose_sight(std::string where, std::string what, const rocksdb::Status& status) {
        report_.complete = false;
        report_.add(Harm::lost, std::move(where), what + " cannot be read: " + status.ToString());
    }

    void count_row() {
        if (++report_.records % progress_every_rows == 0 && options_.progress) options_.progress(report_);
    }

    // Of the row that is looked at.
    void broken(Harm harm, std::string where, std::string what) {
        const bool taken = options_.take_out && options_.take_out(key_, value_, what);
        if (taken) what += ": taken out";
        report_.add(harm, std::move(where), std::move(what), taken);
    }

    void check_row(std::string_view key, std::string_view value) {
        key_ = key;
        value_ = value;
        TupleReader in(key);
        const auto kind = in.u8();
        const auto number = in.u64();
        const auto space = in.u8();
        if (!space || *kind < 1 || *kind > 5 || *space < 1 || *space > 3)
            return broken(Harm::wrong, "store",
                          "a row under an unknown key " + to_hex(key.substr(0, told_octets_max)));
        const PartitionId partition{static_cast<PartitionId::Kind>(*kind), *number};
        switch (static_cast<Space>(*space)) {
            case Space::counters:
                if (value.size() != 8)
                    broken(Harm::lost, options_.name(partition), "a counter is not a number: " + to_hex(key));
                break;
            case Space::changes:
                if (!read_change(in.rest(), value))
                    broken(Harm::wrong, options_.name(partition),
                           "a change is logged under a broken key: " + to_hex(key));
                break;
            case Space::rows:
                if (partition == blobs_partition) return check_blob_row(in.rest(), value);
                if (options_.judge) options_.judge(partition, in.rest(), value);
        }
    }

    void check_blob_row(std::string_view key, std::string_view value) {
        TupleReader in(key);
        switch (in.u8().value_or(0)) {
            case hash_rows:
                return check_hash(in.rest(), value);
            case manifest_rows:
                return check_manifest(in.rest(), value);
            case reference_rows: {
                ++report_.references;
                const auto blob = BlobId::from(in.rest().substr(0, 16));
                if (!blob || in.rest().size() != reference_octets)
                    return broken(Harm::wrong, "blobs", "a broken reference: " + to_hex(key));
                if (!find_manifest(*blob)) damaged(*blob, "is missing");
                return;
            }
            case open_rows:
                if (in.rest().size() != 16 || value.size() != 8)
                    broken(Harm::room, "blobs", "a broken row of an unfinished blob: " + to_hex(key));
                return;
            default:
                broken(Harm::wrong, "blobs",
                       "a row of no known kind: " + to_hex(key.substr(0, told_octets_max)));
        }
    }

    void check_hash(std::string_view hash, std::string_view value) {
        const auto blob = BlobId::from(value);
        const auto manifest = blob ? find_manifest(*blob) : std::nullopt;
        if (!manifest) return broken(Harm::wrong, "blobs", "a hash without its blob: " + to_hex(hash));
        if (manifest->sha256() != hash)
            broken(Harm::wrong, "blobs", "a hash of another blob: " + to_hex(hash));
    }

    void damaged(BlobId blob, std::string what) {
        if (report_.damaged.contains(blob)) return;  // told once
        if (report_.damaged.size() < check_problems_max)
            report_.damaged.emplace(blob, Damage{std::move(what)});
        else
            ++report_.problem_count;
    }

    std::optional<Manifest> find_manifest(BlobId blob) const {
        return store::find_manifest(database_, read_, blob);
    }

    void check_manifest(std::string_view id, std::string_view record) {
        ++report_.blobs;
        const auto blob = BlobId::from(id);
        if (!blob) return report_.add(Harm::wrong, "blobs", "a broken key of a blob: " + to_hex(id));
        Manifest manifest;
        if (!manifest.ParseFromArray(record.data(), static_cast<int>(record.size())))
            return damaged(*blob, "has a broken record");
        report_.blob_octets += manifest.octets();
        BlobCheck checked = check_blob(database_, read_, *blob, manifest, [](std::uint64_t) { return true; });
        if (!checked.damage.empty()) damaged(*blob, std::move(checked.damage));
    }

    void walk_chunks() {
        const std::unique_ptr<rocksdb::Iterator> at(database_.db->NewIterator(read_, database_.chunks));
        std::string checked;  // chunks of one blob lie side by side
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            count_row();
            const std::string id = at->key().ToString().substr(0, 16);
            if (std::exchange(checked, id) == id) continue;
            const auto blob = BlobId::from(id);
            if (blob && (find_manifest(*blob) || is_open(*blob) || report_.damaged.contains(*blob))) continue;
            report_.add(Harm::room, name_of(id), "chunks that belong to nothing");
        }
        if (!at->status().ok())
            report_.add(Harm::lost, "store", "chunks cannot be read: " + at->status().ToString());
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
    std::string_view key_, value_;
};

}  // namespace

CheckReport check_database(Database& database, const CheckOptions& options) {
    return Check(database, options).run();
}

}  // namespace heliopost::store
