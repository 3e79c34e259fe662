#include "store/blob_writer.h"

#include <algorithm>

#include "store/chunk.h"
#include "store/keys.h"
#include "store/records.pb.h"

namespace heliopost::store {
namespace {

// Past it, compressing would hold up the loop for long; a thread takes it.
constexpr size_t encode_here_octets_max = 32 * 1024;

// A blob used less long ago cannot be swept before its commit comes.
constexpr std::chrono::hours sure_to_stay{12};

}  // namespace

net::Task<Result<void>> ChunkedWriter::append(std::string_view octets) {
    if (octets_ + octets.size() > octets_max_) co_return fail(Fault::too_large, "the message is too large");
    octets_ += octets.size();
    hash_.add(octets);
    const size_t fits = std::min(octets.size(), chunk_octets - buffer_.size());
    buffer_ += octets.substr(0, fits);
    if (fits == octets.size()) co_return Result<void>{};

    const std::string rest(octets.substr(fits));  // a copy: octets may be gone after the first wait
    for (size_t at = 0; at < rest.size(); at += chunk_octets) {
        CO_TRY(co_await write_full_chunk());
        buffer_.reserve(chunk_octets);  // a large message: the next chunk will be full, too
        buffer_.assign(rest, at, chunk_octets);
    }
    co_return Result<void>{};
}

net::Task<Result<void>> ChunkedWriter::write_full_chunk() {
    if (!engine_.has_space()) co_return fail(Fault::temporary, "the disk is nearly full");
    ChunkWork work{id_, chunks_written_, {}};
    work.octets = co_await engine_.encode(std::exchange(buffer_, {}));
    ++chunks_written_;
    co_return co_await engine_.write(std::move(work));
}

net::Task<Result<StagedBlob>> ChunkedWriter::finish() {
    if (!engine_.has_space()) co_return fail(Fault::temporary, "the disk is nearly full");
    StagedBlob staged;
    staged.ref = {id_, octets_, hash_.finish()};
    staged.known = CO_TRY(co_await find_known(&staged));
    if (staged.known && octets_ > chunk_octets) co_return staged;

    // The last chunk; of a small known blob too, should that be swept before the commit.
    if (buffer_.size() > encode_here_octets_max) {
        auto record = co_await engine_.encode(std::exchange(buffer_, {}));
        staged.chunks.push_back({chunks_written_, std::move(record)});
    } else if (!buffer_.empty()) {
        staged.chunks.push_back({chunks_written_, encode_chunk(buffer_)});
    }
    co_return staged;
}

// Names the stored blob of the same octets in staged, if there is one that will stay.
net::Task<Result<bool>> ChunkedWriter::find_known(StagedBlob* staged) {
    const std::optional<std::string> id =
        CO_TRY(co_await store_.get(blobs_partition, hash_key(staged->ref.sha256)));
    if (!id) co_return false;
    BlobRef known = staged->ref;
    known.id = CO_TRY(BlobId::from(*id));
    const std::optional<std::string> record =
        CO_TRY(co_await store_.get(blobs_partition, manifest_key(known.id)));
    Manifest manifest;
    if (!record || !manifest.ParseFromString(*record)) co_return false;
    if (manifest.octets() != octets_) co_return false;

    const Time last_used = from_unix_milliseconds(static_cast<std::int64_t>(manifest.last_used_ms()));
    if (octets_ > chunk_octets && last_used + sure_to_stay <= engine_.now()) {
        std::vector<StagedBlob> renew;
        renew.push_back({known, true, {}});
        const auto renewed = co_await store_.commit({}, std::move(renew));
        if (!renewed) co_return false;  // swept just now: ours is all there
    }
    staged->ref = known;
    co_return true;
}

}  // namespace heliopost::store
