#include "store/blobs.h"

#include <algorithm>

#include "store/blob_writer.h"
#include "store/keys.h"
#include "store/records.pb.h"

namespace heliopost::store {
namespace {

constexpr size_t sweep_page_rows = 256;

Time from_milliseconds(std::uint64_t value) {
    return from_unix_milliseconds(static_cast<std::int64_t>(value));
}

}  // namespace

Result<BlobId> BlobId::from(std::string_view octets) {
    BlobId id;
    if (octets.size() != id.octets.size()) return fail(Fault::internal, "a blob id has 16 octets");
    std::ranges::transform(octets, id.octets.begin(), [](char c) { return static_cast<std::byte>(c); });
    return id;
}

std::unique_ptr<BlobWriter> Blobs::writer(std::uint64_t octets_max) {
    return std::make_unique<ChunkedWriter>(store_, engine_, octets_max);
}

net::Task<Result<std::string>> Blobs::read(BlobId blob, std::uint64_t from, std::uint64_t count) {
    const std::optional<std::string> record =
        CO_TRY(co_await store_.get(blobs_partition, manifest_key(blob)));
    if (!record) co_return fail(Fault::not_found, "no such message");
    Manifest manifest;
    if (!manifest.ParseFromString(*record)) co_return fail(Fault::internal, "a manifest is damaged");
    const std::uint64_t octets = manifest.octets();
    if (from >= octets || count == 0) co_return std::string();
    count = std::min({count, octets - from, std::uint64_t{read_octets_max}});

    const auto first = static_cast<std::uint32_t>(from / chunk_octets);
    const auto last = static_cast<std::uint32_t>((from + count - 1) / chunk_octets);
    auto chunks = co_await engine_.read(blob, first, last - first + 1);
    if (!chunks) co_return std::unexpected(chunks.error());

    std::string out;
    out.reserve(count);
    std::uint64_t begin = std::uint64_t{first} * chunk_octets;
    for (const PlainChunk& chunk : *chunks) {
        if (chunk->size() != std::min(std::uint64_t{chunk_octets}, octets - begin))
            co_return fail(Fault::internal, "a part of a message has a wrong size");
        const size_t skip = from > begin ? from - begin : 0;
        out.append(*chunk, skip, count - out.size());
        begin += chunk_octets;
    }
    co_return out;
}

net::Task<Result<void>> Blobs::distrust(BlobId blob) {
    SweepWork work{{blob}, {}, true};
    CO_TRY(co_await engine_.sweep(std::move(work)));
    co_return Result<void>();
}

net::Task<Result<BlobStore::Swept>> Blobs::sweep(Time now, size_t blobs_max) {
    const Time used_before = now - unused_before_sweep;
    Swept swept;
    if (sweep_from_.empty()) {
        sweep_from_ = std::string(1, static_cast<char>(manifest_rows));
        swept.deleted += CO_TRY(co_await sweep_opened(used_before));
    }
    const std::string end(1, static_cast<char>(manifest_rows + 1));
    while (swept.looked_at < blobs_max) {
        auto page =
            co_await store_.scan(blobs_partition, sweep_from_, end, sweep_page_rows, Direction::forward);
        if (!page) co_return std::unexpected(page.error());
        if (page->empty()) {
            sweep_from_.clear();
            swept.done = true;
            break;
        }
        swept.looked_at += page->size();
        sweep_from_ = page->back().first + '\0';
        SweepWork work{{}, used_before, false};
        work.blobs = CO_TRY(co_await unreferenced(std::move(*page), used_before));
        if (!work.blobs.empty()) swept.deleted += CO_TRY(co_await engine_.sweep(std::move(work)));
    }
    co_return swept;
}

// Blobs whose writer never came to a commit; there are few.
net::Task<Result<size_t>> Blobs::sweep_opened(Time used_before) {
    std::string from(1, static_cast<char>(open_rows));
    const std::string end(1, static_cast<char>(open_rows + 1));
    size_t deleted = 0;
    while (true) {
        auto page = co_await store_.scan(blobs_partition, from, end, sweep_page_rows, Direction::forward);
        if (!page) co_return std::unexpected(page.error());
        if (page->empty()) co_return deleted;
        from = page->back().first + '\0';
        SweepWork work{{}, used_before, false};
        for (const auto& [key, opened] : *page)
            if (from_milliseconds(read_u64(opened)) < used_before)
                work.blobs.push_back(CO_TRY(BlobId::from(std::string_view(key).substr(1))));
        if (!work.blobs.empty()) deleted += CO_TRY(co_await engine_.sweep(std::move(work)));
    }
}

net::Task<Result<std::vector<BlobId>>> Blobs::unreferenced(std::vector<KeyValue> manifests,
                                                           Time used_before) {
    std::vector<BlobId> out;
    for (const auto& [key, record] : manifests) {
        Manifest manifest;
        if (!manifest.ParseFromString(record)) continue;  // for fsck to report
        if (from_milliseconds(manifest.last_used_ms()) >= used_before) continue;
        const BlobId blob = CO_TRY(BlobId::from(std::string_view(key).substr(1)));
        const std::string prefix = reference_prefix(blob);
        const auto found =
            co_await store_.scan(blobs_partition, prefix, after_prefix(prefix), 1, Direction::forward);
        if (!found) co_return std::unexpected(found.error());
        if (found->empty()) out.push_back(blob);
    }
    co_return out;
}

}  // namespace heliopost::store
