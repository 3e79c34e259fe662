#include "store/evaluate.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "store/keys.h"
#include "store/records.pb.h"

namespace heliopost::store {
namespace {

// A blob in use is written again only that often: two deliveries of one text need no third row.
constexpr std::chrono::hours renew_after{1};

std::string blobs_key(std::string_view key) {
    return engine_key(blobs_partition, Space::rows, key);
}

std::string manifest_record(const BlobRef& ref, Time now) {
    Manifest manifest;
    manifest.set_sha256(ref.sha256);
    manifest.set_octets(ref.octets);
    manifest.set_last_used_ms(static_cast<std::uint64_t>(unix_milliseconds(now)));
    return manifest.SerializeAsString();
}

class Evaluation {
public:
    Evaluation(CommitTarget& target, CommitWork& work, Time now) : target_(target), work_(work), now_(now) {}

    Result<Committed> run() {
        TRY(check_sizes());
        TRY(check_asserts());
        TRY(check_blobs());
        TRY(check_references());
        const auto counted = assign();
        if (!counted) {
            for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo)
                target_.set_counter(undo->key, undo->value);
            return std::unexpected(counted.error());
        }
        for (size_t i = 0; i < work_.blobs.size(); ++i) write_blob(work_.blobs[i], blob_actions_[i]);
        for (size_t i = 0; i < work_.batches.size(); ++i) write_batch(work_.batches[i], committed_.parts[i]);
        return std::move(committed_);
    }

private:
    struct Undo {
        std::string key;
        std::uint64_t value;
    };
    struct BlobAction {
        bool write = false, write_hash = false, renew = false;
    };

    Result<> check_sizes() const {
        size_t octets = 0;
        for (const Batch& batch : work_.batches) {
            ASSERT(batch.partition().kind != PartitionId::Kind::blobs);
            if (batch.value_too_large()) return fail(Fault::too_large, "a record is too large to store");
            octets += batch.octets();
        }
        if (octets > batch_octets_max) return fail(Fault::too_large, "too many changes at once");
        return {};
    }

    Result<> check_asserts() {
        for (const Batch& batch : work_.batches) {
            for (const Batch::Assert& assertion : batch.asserts()) {
                engine_key(scratch_, batch.partition(), Space::rows, assertion.key);
                if (target_.get(scratch_) != assertion.value)
                    return fail(Fault::conflict, "changed by somebody else meanwhile");
            }
        }
        return {};
    }

    Result<> check_blobs() {
        for (const StagedBlob& blob : work_.blobs) blob_actions_.push_back(TRY(check_blob(blob)));
        return {};
    }

    Result<BlobAction> check_blob(const StagedBlob& blob) {
        const bool whole = blob.ref.octets <= chunk_octets && (!blob.chunks.empty() || blob.ref.octets == 0);
        BlobAction action;
        if (blob.known) {
            if (const auto record = target_.get(blobs_key(manifest_key(blob.ref.id)))) {
                Manifest manifest;
                if (!manifest.ParseFromString(*record))
                    return fail(Fault::internal, "a blob's manifest in the store is broken");
                const Time last_used =
                    from_unix_milliseconds(static_cast<std::int64_t>(manifest.last_used_ms()));
                action.renew = last_used + renew_after <= now_;
                return action;
            }
            // Swept since finish(). A small one comes along and is written again under the id that the
            // batches name.
            if (!whole) return fail(Fault::conflict, "the message must be written again");
        } else if (!whole && !target_.get(blobs_key(open_key(blob.ref.id)))) {
            return fail(Fault::conflict, "the message must be written again");  // took over 24 h
        }
        action.write = true;
        action.write_hash = !target_.get(blobs_key(hash_key(blob.ref.sha256)));
        return action;
    }

    Result<> check_references() {
        const BlobId* checked = nullptr;
        for (const Batch& batch : work_.batches) {
            for (const Batch::Reference& reference : batch.references()) {
                if (reference.release || (checked != nullptr && *checked == reference.blob)) continue;
                const auto staged =
                    std::ranges::find(work_.blobs, reference.blob, [](const auto& b) { return b.ref.id; });
                if (staged == work_.blobs.end() && !target_.get(blobs_key(manifest_key(reference.blob))))
                    return fail(Fault::conflict, "the message is gone");
                checked = &reference.blob;
            }
        }
        return {};
    }

    std::uint64_t raise(PartitionId partition, std::string_view counter, std::uint64_t by) {
        engine_key(scratch_, partition, Space::counters, counter);
        const std::uint64_t value = target_.counter(scratch_);
        undo_.push_back({scratch_, value});
        target_.set_counter(scratch_, value + by);
        return value;
    }

    Result<> assign() {
        committed_.parts.resize(work_.batches.size());
        for (size_t i = 0; i < work_.batches.size(); ++i) {
            const Batch& batch = work_.batches[i];
            Committed::Part& part = committed_.parts[i];
            part.slots.reserve(1 + batch.nexts().size());
            part.slots.push_back(0);
            if (batch.wants_mod_sequence())
                part.slots[0] = raise(batch.partition(), mod_sequence_counter, 1) + 1;
            part.mod_sequence = ModSequence(part.slots[0]);
            for (const Batch::Next& next : batch.nexts())
                part.slots.push_back(raise(batch.partition(), next.counter, next.count) + 1);
            for (const Batch::Add& add : batch.adds()) TRY(apply(batch.partition(), add));
        }
        return {};
    }

    Result<> apply(PartitionId partition, const Batch::Add& add) {
        engine_key(scratch_, partition, Space::counters, add.counter);
        const std::uint64_t value = target_.counter(scratch_);
        const auto delta = static_cast<std::uint64_t>(add.delta);  // modulo 2^64: subtracts when negative
        if (add.delta < 0 && value < 0 - delta) return fail(Fault::internal, "a counter would be negative");
        if (add.delta > 0 && (value + delta < value || (add.at_most && value + delta > *add.at_most)))
            return fail(Fault::over_quota, "over quota");
        undo_.push_back({scratch_, value});
        target_.set_counter(scratch_, value + delta);
        return {};
    }

    void write_blob(const StagedBlob& blob, BlobAction action) {
        if (action.write) {
            for (const StagedBlob::Chunk& chunk : blob.chunks)
                target_.put_chunk(chunk_key(blob.ref.id, chunk.index), chunk.octets);
            if (blob.ref.octets > chunk_octets) target_.erase(blobs_key(open_key(blob.ref.id)));
            if (action.write_hash) target_.put(blobs_key(hash_key(blob.ref.sha256)), blob.ref.id.view());
        }
        if (action.write || action.renew)
            target_.put(blobs_key(manifest_key(blob.ref.id)), manifest_record(blob.ref, now_));
    }

    void write_batch(Batch& batch, const Committed::Part& part) {
        batch.fill(part.slots);
        const PartitionId partition = batch.partition();
        if (batch.erases_all())
            for (const Space space : {Space::rows, Space::counters, Space::changes})
                target_.erase_range(partition, engine_key(partition, space, {}),
                                    engine_end(partition, space, {}));
        for (const Batch::Erase& erase : batch.erases()) {
            engine_key(scratch_, partition, Space::rows, erase.low);
            if (erase.high.empty())
                target_.erase(scratch_);
            else
                target_.erase_range(partition, scratch_, engine_key(partition, Space::rows, erase.high));
        }
        for (const Batch::Put& put : batch.puts()) {
            engine_key(scratch_, partition, Space::rows, put.key.str());
            target_.put(scratch_, put.value.str());
        }
        std::uint32_t row = 0;
        for (const Batch::LogRow& change : batch.log_rows()) {
            engine_key(scratch_, partition, Space::changes,
                       change_key(part.slots[0], change.kind, change.container, row++));
            target_.put(scratch_, change.ids.str());
        }
        for (const Batch::Reference& reference : batch.references()) {
            engine_key(scratch_, blobs_partition, Space::rows,
                       reference_key(reference.blob, partition, reference.holder.str()));
            if (reference.release)
                target_.erase(scratch_);
            else
                target_.put(scratch_, {});
        }
    }

    CommitTarget& target_;
    CommitWork& work_;
    Time now_;
    Committed committed_;
    std::vector<Undo> undo_;
    std::vector<BlobAction> blob_actions_;
    std::string scratch_;
};

}  // namespace

Result<Committed> evaluate(CommitTarget& target, CommitWork& work, Time now) {
    return Evaluation(target, work, now).run();
}

Result<> write_chunk(CommitTarget& target, const ChunkWork& work, Time now) {
    const std::string open = blobs_key(open_key(work.blob));
    if (work.index == 0) {
        target.put(open, to_u64(static_cast<std::uint64_t>(unix_milliseconds(now))));
    } else if (!target.get(open)) {
        return fail(Fault::temporary, "the message took too long to arrive");  // swept under way
    }
    target.put_chunk(chunk_key(work.blob, work.index), work.octets);
    return {};
}

size_t sweep_blobs(CommitTarget& target, const SweepWork& work) {
    struct Gone {
        BlobId blob;
        std::string manifest, open, hash;
    };
    std::vector<Gone> all_gone;
    for (const BlobId blob : work.blobs) {
        Gone gone{blob, blobs_key(manifest_key(blob)), blobs_key(open_key(blob)), {}};
        std::uint64_t last_used_ms = 0;
        if (const auto record = target.get(gone.manifest)) {
            Manifest manifest;
            if (!manifest.ParseFromString(*record)) continue;  // for fsck to report
            last_used_ms = manifest.last_used_ms();
            gone.hash = blobs_key(hash_key(manifest.sha256()));
            if (target.get(gone.hash) != blob.view()) gone.hash.clear();  // names a twin
        } else if (const auto opened = target.get(gone.open)) {
            last_used_ms = read_u64(*opened);
        } else {
            continue;
        }
        if (work.only_distrust) {
            if (!gone.hash.empty()) target.erase(gone.hash);
            continue;
        }
        const std::string references = blobs_key(reference_prefix(blob));
        if (from_unix_milliseconds(static_cast<std::int64_t>(last_used_ms)) >= work.used_before) continue;
        if (target.any(references, after_prefix(references))) continue;
        all_gone.push_back(std::move(gone));
    }
    for (const Gone& gone : all_gone) {
        target.erase(gone.manifest);
        target.erase(gone.open);
        if (!gone.hash.empty()) target.erase(gone.hash);
        target.erase_chunks(gone.blob);
    }
    return all_gone.size();
}

void publish(Bus& bus, const CommitWork& work, const Committed& committed) {
    if (bus.silent()) return;
    for (size_t i = 0; i < work.batches.size(); ++i) {
        std::uint32_t kinds = 0;
        for (const Batch::LogRow& row : work.batches[i].log_rows())
            kinds |= 1U << static_cast<unsigned>(row.kind);
        if (kinds != 0) bus.publish({work.batches[i].partition(), committed.parts[i].mod_sequence, kinds});
    }
}

}  // namespace heliopost::store
