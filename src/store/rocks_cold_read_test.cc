#include <doctest/doctest.h>

#include <vector>

#include "store/test_engines.h"

namespace heliopost::store {
namespace {

const PartitionId cold_rows = account_partition(AccountId(7));
constexpr int tables = 12, blobs_a_table = 40;

struct Written {
    BlobId blob;
    std::string text;
};

// Text that does not compress, so that it stands in a blob file of its own.
std::string text_of(int number) {
    std::string text;
    std::uint64_t state = static_cast<std::uint64_t>(number) + 1;
    while (text.size() < 3'000) {
        state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        text += static_cast<char>(state >> 56);
    }
    return text;
}

Written write(RocksEngine& engine, int number) {
    const std::string text = text_of(number);
    auto writer = engine.store->blobs().writer(text.size());
    REQUIRE(engine.world.run(writer->append(text)).has_value());
    auto staged = engine.world.run(writer->finish()).value();
    const BlobId id = staged.ref.id;
    Batch batch(cold_rows);
    batch.put(Tuple().octets("row").u32(static_cast<std::uint32_t>(number)),
              Tuple().octets(text.substr(0, 100)));
    batch.reference(id, Tuple().u64(static_cast<std::uint64_t>(number)));
    std::vector<Batch> batches;
    batches.push_back(std::move(batch));
    std::vector<StagedBlob> blobs;
    blobs.push_back(std::move(staged));
    REQUIRE(engine.world.run(engine.store->commit(std::move(batches), std::move(blobs))).has_value());
    return {id, text};
}

}  // namespace

// RocksDB 7.8 says OK and nothing for what its caches do not hold: it must never pass for the value.
TEST_CASE("rocks store: what is not in memory is read from disk, rows and blobs, after every start") {
    RocksEngine engine;
    engine.open_files_max = 20;  // so that most tables are closed at any time
    std::vector<Written> all;
    for (int table = 0; table < tables; ++table) {
        for (int i = 0; i < blobs_a_table; ++i) all.push_back(write(engine, static_cast<int>(all.size())));
        engine.flush();
        engine.reopen();
    }
    for (int start = 0; start < 3; ++start) {
        engine.reopen();
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto blob =
                engine.world.run(engine.store->blobs().read(all[i].blob, 0, all[i].text.size()));
            REQUIRE(blob.has_value());
            CHECK(*blob == all[i].text);
            const auto row = engine.world.run(
                engine.store->get(cold_rows, Tuple().octets("row").u32(static_cast<std::uint32_t>(i))));
            REQUIRE(row.has_value());
            CHECK(*row == all[i].text.substr(0, 100));
        }
    }
}

}  // namespace heliopost::store
