// Blobs on every engine: octets in, the same octets out, once on disk, gone when nobody needs them.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "crypto/sha256.h"
#include "store/test_engines.h"

namespace heliopost::store {
namespace {

const PartitionId ann_blobs = account_partition(AccountId(7));
constexpr std::uint64_t octets_max = 50'000'000;

// Text that compresses in part, different for each seed.
std::string some_text(size_t octets, std::uint32_t seed) {
    std::string out;
    out.reserve(octets + 32);
    std::uint32_t state = seed * 2654435761U + 1;
    while (out.size() < octets) {
        state = state * 1664525U + 1013904223U;
        out += "line " + std::to_string(state) + "\r\n";
    }
    out.resize(octets);
    return out;
}

template <class Engine>
struct BlobFixture : Engine {
    Result<StagedBlob> stage(const std::string& text, size_t piece = 100'000) {
        auto writer = this->store->blobs().writer(octets_max);
        for (size_t at = 0; at < text.size(); at += piece) {
            const auto appended = this->world.run(writer->append(std::string_view(text).substr(at, piece)));
            if (!appended) return std::unexpected(appended.error());
        }
        CHECK(writer->octets() == text.size());
        return this->world.run(writer->finish());
    }
    Result<Committed> commit(StagedBlob staged, std::uint64_t holder) {
        std::vector<Batch> batches(1, Batch(ann_blobs));
        batches[0].reference(staged.ref.id, Tuple().u64(holder));
        std::vector<StagedBlob> blobs;
        blobs.push_back(std::move(staged));
        return this->world.run(this->store->commit(std::move(batches), std::move(blobs)));
    }
    BlobRef keep(const std::string& text, std::uint64_t holder) {
        auto staged = stage(text);
        REQUIRE(staged.has_value());
        const BlobRef ref = staged->ref;
        REQUIRE(commit(std::move(*staged), holder).has_value());
        return ref;
    }
    void release(BlobId blob, std::uint64_t holder) {
        Batch batch(ann_blobs);
        batch.release(blob, holder);
        REQUIRE(this->world.run(this->store->commit(std::move(batch))).has_value());
    }
    Result<std::string> read(BlobId blob, std::uint64_t from, std::uint64_t count) {
        return this->world.run(this->store->blobs().read(blob, from, count));
    }
    std::string read_all(BlobRef ref) {
        std::string out;
        while (out.size() < ref.octets) out += read(ref.id, out.size(), BlobStore::read_octets_max).value();
        return out;
    }
    size_t sweep() {
        size_t deleted = 0;
        for (bool done = false; !done;) {
            const auto swept = this->world.run(this->store->blobs().sweep(this->world.now(), 2));
            REQUIRE(swept.has_value());
            deleted += swept->deleted;
            done = swept->done;
        }
        return deleted;
    }
};

}  // namespace

TEST_CASE_TEMPLATE("blob: octets of every size come back as they were", Engine, HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    const size_t sizes[] = {
        0, 1, 63, 64, 2000, chunk_octets - 1, chunk_octets, chunk_octets + 1, 2 * chunk_octets, 3'000'000};
    std::vector<std::pair<std::string, BlobRef>> kept;
    for (const size_t size : sizes) {
        CAPTURE(size);
        const std::string text = some_text(size, static_cast<std::uint32_t>(size));
        const BlobRef ref = f.keep(text, size);
        CHECK(ref.octets == size);
        crypto::Sha256 hash;
        hash.add(text);
        CHECK(ref.sha256 == hash.finish());
        kept.emplace_back(text, ref);
    }
    for (int round = 0; round < 2; ++round) {
        for (const auto& [text, ref] : kept) {
            CAPTURE(text.size());
            CHECK((f.read_all(ref) == text));
            CHECK(f.read(ref.id, text.size(), 10).value().empty());
            CHECK(f.read(ref.id, UINT64_MAX, UINT64_MAX).value().empty());
        }
        f.flush();
        f.reopen();  // the second round reads from the disk
    }
}

TEST_CASE_TEMPLATE("blob: what comes again does not lean on a blob that was found damaged", Engine,
                   HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    for (const size_t size : {size_t{500}, 2 * chunk_octets}) {
        const std::string text = some_text(size, 4);
        const BlobRef damaged = f.keep(text, 1);
        CHECK(f.stage(text)->known);
        REQUIRE(f.world.run(f.store->blobs().distrust(damaged.id)).has_value());
        const BlobRef again = f.keep(text, 2);
        CHECK(again.id != damaged.id);
        CHECK((f.read_all(again) == text));
        const auto third = f.stage(text);
        CHECK(third->known);
        CHECK(third->ref.id == again.id);
        // Once more, and of what is not there: nothing happens.
        REQUIRE(f.world.run(f.store->blobs().distrust(damaged.id)).has_value());
        REQUIRE(f.world.run(f.store->blobs().distrust(BlobId{})).has_value());
        CHECK(f.stage(text)->ref.id == again.id);
        CHECK((f.read_all(damaged) == text));  // nothing was deleted
        f.release(damaged.id, 1);
        f.world.ahead += std::chrono::hours(25);
        CHECK(f.sweep() >= 1);  // with what was staged above and never committed
        CHECK_FALSE(f.read(damaged.id, 0, 10).has_value());
        CHECK((f.read_all(again) == text));
        CHECK(f.stage(text)->ref.id == again.id);
    }
}

TEST_CASE_TEMPLATE("blob: ranges over the borders of chunks", Engine, HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    const std::string text = some_text(3 * chunk_octets + 500, 1);
    const BlobRef ref = f.keep(text, 1);
    const std::pair<size_t, size_t> ranges[] = {{0, 1},
                                                {chunk_octets - 1, 2},
                                                {chunk_octets, chunk_octets},
                                                {10, 2 * chunk_octets + 10},
                                                {3 * chunk_octets + 499, 100},
                                                {0, BlobStore::read_octets_max + 1}};
    for (const auto& [from, count] : ranges) {
        CAPTURE(from);
        const auto got = f.read(ref.id, from, count);
        REQUIRE(got.has_value());
        CHECK((*got == text.substr(from, std::min(count, BlobStore::read_octets_max))));
    }
}

TEST_CASE_TEMPLATE("blob: fed octet by octet or all at once", Engine, HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    const std::string text = some_text(5000, 2);
    const auto by_octet = f.stage(text, 1);
    const std::string large = some_text(3 * chunk_octets + 7, 3);
    const auto at_once = f.stage(large, large.size());
    REQUIRE(f.commit(*by_octet, 1).has_value());
    REQUIRE(f.commit(*at_once, 2).has_value());
    CHECK((f.read_all(by_octet->ref) == text));
    CHECK((f.read_all(at_once->ref) == large));
}

TEST_CASE_TEMPLATE("blob: the same octets are stored once", Engine, HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    for (const size_t size : {size_t{2000}, 2 * chunk_octets + 1}) {
        CAPTURE(size);
        const std::string text = some_text(size, 4);
        const BlobRef first = f.keep(text, size);
        const auto again = f.stage(text);
        CHECK(again->known);
        CHECK(again->ref == first);
        CHECK(f.commit(*again, size + 1).has_value());
        f.release(first.id, size);
        f.world.ahead += std::chrono::hours(25);
        f.sweep();
        CHECK((f.read_all(first) == text));  // the second reference keeps it
    }
}

TEST_CASE_TEMPLATE("blob: two writers of the same octets at once", Engine, HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    const std::string text = some_text(2000, 5);
    auto one = f.stage(text), two = f.stage(text);
    CHECK_FALSE(two->known);
    REQUIRE(f.commit(*one, 1).has_value());
    REQUIRE(f.commit(*two, 2).has_value());
    CHECK(f.read_all(one->ref) == text);
    CHECK(f.read_all(two->ref) == text);
    f.release(one->ref.id, 1);
    f.release(two->ref.id, 2);
    f.world.ahead += std::chrono::hours(25);
    CHECK(f.sweep() == 2);
    CHECK_FALSE(f.stage(text)->known);
}

TEST_CASE_TEMPLATE("blob: swept without a reference after 24 hours, not before", Engine, HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    const BlobRef kept = f.keep(some_text(300'000, 6), 1);
    const BlobRef dropped = f.keep(some_text(300'000, 7), 2);
    f.release(dropped.id, 2);
    CHECK(f.sweep() == 0);
    f.world.ahead += std::chrono::hours(23);
    CHECK(f.sweep() == 0);
    f.world.ahead += std::chrono::hours(2);
    CHECK(f.sweep() == 1);
    CHECK(f.read(dropped.id, 0, 1).error().fault == Fault::not_found);
    CHECK(f.read(kept.id, 0, 1).has_value());
    CHECK(f.sweep() == 0);

    Batch batch(ann_blobs);
    batch.reference(dropped.id, Tuple().u64(9));
    CHECK(f.world.run(f.store->commit(std::move(batch))).error().fault == Fault::conflict);
}

TEST_CASE_TEMPLATE("blob: octets that come again keep a blob for another 24 hours", Engine,
                   HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    for (const size_t size : {size_t{2000}, 2 * chunk_octets + 1}) {
        CAPTURE(size);
        const std::string text = some_text(size, 8);
        const BlobRef ref = f.keep(text, 1);
        f.release(ref.id, 1);
        f.world.ahead += std::chrono::hours(23);
        const auto staged = f.stage(text);
        REQUIRE(staged->known);
        if (size < chunk_octets) REQUIRE(f.commit(*staged, 2).has_value());  // a large one is renewed at once
        if (size < chunk_octets) f.release(ref.id, 2);
        f.world.ahead += std::chrono::hours(2);
        CHECK(f.sweep() == 0);
        CHECK((f.read_all(ref) == text));
        f.world.ahead += std::chrono::hours(25);
        CHECK(f.sweep() == (size < chunk_octets ? 1 : 2));  // with the chunks that the second writer left
    }
}

TEST_CASE_TEMPLATE("blob: swept between finish and commit", Engine, HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    const std::string small = some_text(2000, 9), large = some_text(2 * chunk_octets, 10);
    const BlobRef small_ref = f.keep(small, 1), large_ref = f.keep(large, 1);
    const auto small_again = f.stage(small), large_again = f.stage(large);
    REQUIRE(small_again->known);
    REQUIRE(large_again->known);
    f.release(small_ref.id, 1);
    f.release(large_ref.id, 1);
    f.world.ahead += std::chrono::hours(25);
    CHECK(f.sweep() >= 2);
    CHECK(f.commit(*small_again, 2).has_value());  // it is written again by itself
    CHECK(f.read_all(small_ref) == small);
    CHECK(f.commit(*large_again, 2).error().fault == Fault::conflict);
}

TEST_CASE_TEMPLATE("blob: chunks of a writer that never committed are swept", Engine, HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    const auto staged = f.stage(some_text(3 * chunk_octets, 11));
    f.reopen();
    CHECK(f.sweep() == 0);
    f.world.ahead += std::chrono::hours(25);
    const size_t swept = f.sweep();
    CHECK((swept == 1 || !f.keeps_unsynced));  // a power cut may have swept them
    CHECK(f.commit(*staged, 1).error().fault == Fault::conflict);
}

TEST_CASE_TEMPLATE("blob: limits", Engine, HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    auto writer = f.store->blobs().writer(10);
    CHECK(f.world.run(writer->append("0123456789")).has_value());
    CHECK(f.world.run(writer->append("x")).error().fault == Fault::too_large);
    CHECK(f.read(BlobId{}, 0, 1).error().fault == Fault::not_found);
}

TEST_CASE_TEMPLATE("blob: below the disk's reserve no mail comes in, and erasing goes on", Engine,
                   HELIOPOST_ENGINES) {
    BlobFixture<Engine> f;
    const auto staged = f.stage(some_text(2000, 12));
    const BlobRef kept = f.keep(some_text(2000, 13), 1);
    CHECK(f.store->has_space());
    f.fill_disk();
    CHECK_FALSE(f.store->has_space());
    CHECK(f.commit(*staged, 2).error().fault == Fault::temporary);
    CHECK(f.stage(some_text(2000, 14)).error().fault == Fault::temporary);
    CHECK(f.stage(some_text(600'000, 15)).error().fault == Fault::temporary);
    f.release(kept.id, 1);
}

TEST_CASE("blob: a damaged chunk is an error, never wrong octets") {
    BlobFixture<MemoryEngine> f;
    const BlobRef ref = f.keep(some_text(2000, 16), 1);
    f.disk->flip_bit_in_chunk();
    CHECK(f.read(ref.id, 0, 10).error().fault == Fault::internal);
}

}  // namespace heliopost::store
