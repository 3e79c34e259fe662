// What every engine must do: the promises of store.h and batch.h.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "store/test_engines.h"

namespace heliopost::store {
namespace {

const AccountId ann(7), ben(8);
const PartitionId ann_rows = account_partition(ann), ben_rows = account_partition(ben);

template <class Engine>
struct Fixture : Engine {
    Result<Committed> commit(Batch batch) { return this->world.run(this->store->commit(std::move(batch))); }
    Result<Committed> commit(std::vector<Batch> batches) {
        return this->world.run(this->store->commit(std::move(batches), {}));
    }
    std::optional<std::string> get(PartitionId partition, std::string key) {
        return this->world.run(this->store->get(partition, std::move(key))).value();
    }
    std::uint64_t counter(PartitionId partition, std::string name) {
        return this->world.run(this->store->counter(partition, std::move(name))).value();
    }
    std::string scan(std::string low, std::string high, size_t limit = 100,
                     Direction direction = Direction::forward) {
        std::string out;
        for (const auto& [key, value] :
             this->world.run(this->store->scan(ann_rows, low, high, limit, direction)).value())
            out += key + "=" + value + " ";
        return out;
    }
};

Batch row(PartitionId partition, std::string key, std::string value) {
    Batch batch(partition);
    batch.put(std::move(key), std::move(value));
    return batch;
}

}  // namespace

TEST_CASE_TEMPLATE("store: slots are filled into keys and values", Engine, HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    for (std::uint32_t round = 0; round < 3; ++round) {
        Batch batch(ann_rows);
        const Slot mod_sequence = batch.mod_sequence();
        const Slot uid = batch.next("uid", 2);
        const Slot email = batch.next("email");
        batch.put(Tuple().u8(1).slot32(uid, 1), Tuple().slot(mod_sequence).field(3, email));
        const auto committed = f.commit(std::move(batch));
        REQUIRE(committed.has_value());
        const auto& part = committed->parts.at(0);
        CHECK(part.mod_sequence.value == round + 1);
        CHECK(part.of(mod_sequence) == round + 1);
        CHECK(part.of(uid) == round * 2 + 1);
        CHECK(part.of(email) == round + 1);
        const std::string value = Tuple().u64(round + 1).octets("\x19").octets(
            std::string(1, static_cast<char>(round + 1)) + std::string(7, '\0'));
        CHECK(f.get(ann_rows, Tuple().u8(1).u32(round * 2 + 2)) == value);
    }
    CHECK(f.counter(ann_rows, "uid") == 6);
    CHECK(f.counter(ann_rows, std::string(mod_sequence_counter)) == 3);
    CHECK(f.counter(ben_rows, "uid") == 0);
}

TEST_CASE_TEMPLATE("store: a batch of one partition does not show in another", Engine, HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    REQUIRE(f.commit(row(ann_rows, "k", "ann")));
    REQUIRE(f.commit(row(directory_partition, "k", "directory")));
    REQUIRE(f.commit(row(queue_partition, "k", "queue")));
    CHECK(f.get(ann_rows, "k") == "ann");
    CHECK(f.get(directory_partition, "k") == "directory");
    CHECK(f.get(queue_partition, "k") == "queue");
    CHECK_FALSE(f.get(ben_rows, "k").has_value());
    CHECK(f.scan("", "") == "k=ann ");
}

TEST_CASE_TEMPLATE("store: all batches of a commit take effect, or none", Engine, HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    std::vector<Batch> batches;
    batches.push_back(row(ann_rows, "a", "1"));
    batches.back().add("octets", 10);
    batches.back().next("uid");
    batches.back().mod_sequence();
    batches.push_back(row(ben_rows, "b", "1"));
    batches.back().add("octets", 100, 99);
    CHECK(f.commit(batches).error().fault == Fault::over_quota);
    CHECK_FALSE(f.get(ann_rows, "a").has_value());
    CHECK(f.counter(ann_rows, "octets") == 0);
    CHECK(f.counter(ann_rows, "uid") == 0);

    batches.back() = row(ben_rows, "b", "1");
    const auto committed = f.commit(batches);
    REQUIRE(committed.has_value());
    CHECK(committed->parts.at(0).mod_sequence.value == 1);  // the failed commit used no number
    CHECK(committed->parts.at(1).mod_sequence.value == 0);
    CHECK(f.get(ben_rows, "b") == "1");
}

TEST_CASE_TEMPLATE("store: assert_equal", Engine, HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    Batch create = row(ann_rows, "k", "1");
    create.assert_equal("k", std::nullopt);
    CHECK(f.commit(create).has_value());
    CHECK(f.commit(create).error().fault == Fault::conflict);
    Batch change = row(ann_rows, "k", "2");
    change.assert_equal("k", "1");
    CHECK(f.commit(change).has_value());
    CHECK(f.commit(change).error().fault == Fault::conflict);
    CHECK(f.get(ann_rows, "k") == "2");
}

TEST_CASE_TEMPLATE("store: of commits that wait together, the later sees the earlier", Engine,
                   HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    // All are submitted before any is answered, so that an engine may merge them.
    constexpr int rounds = 50;
    int won = 0, conflicts = 0, over = 0;
    const auto created = [&](std::exception_ptr, Result<Committed> result) {
        if (result) ++won;
        if (!result && result.error().fault == Fault::conflict) ++conflicts;
    };
    const auto filled = [&](std::exception_ptr, Result<Committed> result) {
        if (!result && result.error().fault == Fault::over_quota) ++over;
    };
    for (int i = 0; i < rounds; ++i) {
        Batch create = row(ann_rows, "one", std::to_string(i));
        create.assert_equal("one", std::nullopt);
        create.add("room", 1, 1000);
        boost::asio::co_spawn(f.world.loop, f.store->commit(create), created);
        Batch fill(ann_rows);
        fill.add("seats", 1, 10);
        boost::asio::co_spawn(f.world.loop, f.store->commit(fill), filled);
    }
    f.world.loop.restart();
    f.world.loop.run();
    CHECK(won == 1);
    CHECK(conflicts == rounds - 1);
    CHECK(over == rounds - 10);
    CHECK(f.counter(ann_rows, "seats") == 10);
    CHECK(f.counter(ann_rows, "room") == 1);
}

TEST_CASE_TEMPLATE("store: counters have limits on both sides", Engine, HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    const auto add = [&f](std::int64_t delta, std::optional<std::uint64_t> at_most) {
        Batch batch(ann_rows);
        batch.add("octets", delta, at_most);
        const auto committed = f.commit(std::move(batch));
        return committed ? std::optional<Fault>() : committed.error().fault;
    };
    CHECK(add(100, 100) == std::nullopt);
    CHECK(add(1, 100) == Fault::over_quota);
    CHECK(add(50, std::nullopt) == std::nullopt);
    CHECK(add(-1, 10) == std::nullopt);  // over the limit still: getting smaller is never refused
    CHECK(f.counter(ann_rows, "octets") == 149);
    CHECK(add(-150, std::nullopt) == Fault::internal);
    CHECK(add(-149, std::nullopt) == std::nullopt);
    CHECK(add(INT64_MAX, std::nullopt) == std::nullopt);
    CHECK(add(INT64_MAX, std::nullopt) == std::nullopt);
    CHECK(add(INT64_MAX, std::nullopt) == Fault::over_quota);
    CHECK(add(INT64_MIN, std::nullopt) == std::nullopt);
    CHECK(f.counter(ann_rows, "octets") == UINT64_C(0x7ffffffffffffffe));
}

TEST_CASE_TEMPLATE("store: scans go both ways within limits", Engine, HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    REQUIRE(f.commit(row(account_partition(AccountId(6)), "z", "before")));
    REQUIRE(f.commit(row(ben_rows, "a", "after")));
    for (const char c : std::string("edcba")) REQUIRE(f.commit(row(ann_rows, std::string(1, c), "1")));
    for (int round = 0; round < 2; ++round) {
        CHECK(f.scan("", "") == "a=1 b=1 c=1 d=1 e=1 ");
        CHECK(f.scan("", "", 100, Direction::backward) == "e=1 d=1 c=1 b=1 a=1 ");
        CHECK(f.scan("b", "d") == "b=1 c=1 ");
        CHECK(f.scan("b", "d", 1) == "b=1 ");
        CHECK(f.scan("b", "d", 1, Direction::backward) == "c=1 ");
        CHECK(f.scan("b", "", 2, Direction::backward) == "e=1 d=1 ");
        CHECK(f.scan("x", "") == "");
        CHECK(f.scan("d", "b") == "");
        CHECK(f.scan("", "", 0) == "");
        const auto got = f.world.run(f.store->multi_get(ann_rows, {"e", "x", "a"})).value();
        CHECK(got == std::vector<std::optional<std::string>>{"1", std::nullopt, "1"});
        f.flush();  // the second round reads from the disk
        f.reopen();
    }
}

TEST_CASE_TEMPLATE("store: erase and erase_range come before the puts of a batch", Engine,
                   HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    for (const char c : std::string("abcdef")) REQUIRE(f.commit(row(ann_rows, std::string(1, c), "1")));
    REQUIRE(f.commit(row(ben_rows, "c", "1")));
    Batch batch(ann_rows);
    batch.put(std::string("c"), std::string("2"));
    batch.erase_range("b", "e");
    batch.erase("f");
    batch.erase("absent");
    REQUIRE(f.commit(std::move(batch)));
    CHECK(f.scan("", "") == "a=1 c=2 e=1 ");
    CHECK(f.get(ben_rows, "c") == "1");
}

TEST_CASE_TEMPLATE("store: erase_all leaves nothing of a partition, and the others alone", Engine,
                   HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    for (const PartitionId partition : {ann_rows, ben_rows}) {
        Batch batch = row(partition, "a", "1");
        batch.put(std::string("\xff\xff"), std::string("last"));
        batch.add("counter", 5);
        batch.mod_sequence();
        batch.log(ChangeKind::email, 0, Tuple().u8(1));
        REQUIRE(f.commit(std::move(batch)));
    }
    Batch batch(ann_rows);
    batch.erase_all();
    batch.put(std::string("new"), std::string("2"));
    REQUIRE(f.commit(std::move(batch)));
    for (const bool again : {false, true}) {
        if (again) f.reopen();
        CHECK(f.scan("", "") == "new=2 ");
        CHECK(f.world.run(f.store->changes(AccountId(ann_rows.number), ModSequence(), 10))->empty());
        CHECK(f.get(ben_rows, "a") == "1");
        CHECK(f.get(ben_rows, "\xff\xff") == "last");
        CHECK(f.counter(ben_rows, "counter") == 5);
        CHECK(f.world.run(f.store->changes(AccountId(ben_rows.number), ModSequence(), 10))->size() == 1);
    }
    CHECK(f.counter(ann_rows, "counter") == 0);  // once it is not in the committer's memory any more
    CHECK(f.counter(ann_rows, std::string(mod_sequence_counter)) == 0);
}

TEST_CASE_TEMPLATE("store: ranges of more rows than are erased singly, and of rows just written", Engine,
                   HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    Batch many(ann_rows);
    for (std::uint32_t i = 0; i < 1000; ++i) many.put(Tuple().octets("r").u32(i), std::string("x"));
    REQUIRE(f.commit(many));
    std::vector<Batch> batches;
    batches.push_back(row(ann_rows, Tuple().octets("r").u32(5000), "new"));
    batches.emplace_back(ann_rows);
    batches.back().erase_range(Tuple().octets("r").u32(10), Tuple().octets("r").u32(6000));
    batches.push_back(row(ann_rows, Tuple().octets("r").u32(5001), "newer"));
    REQUIRE(f.commit(batches));
    const auto rows = f.world.run(f.store->scan(ann_rows, "r", "s", 10000, Direction::forward)).value();
    CHECK(rows.size() == 11);
    CHECK(rows.back().second == "newer");
}

TEST_CASE_TEMPLATE("store: limits of values and batches, and past them", Engine, HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    CHECK(f.commit(row(ann_rows, "k", std::string(value_octets_max, 'x'))).has_value());
    CHECK(f.commit(row(ann_rows, "k", std::string(value_octets_max + 1, 'x'))).error().fault ==
          Fault::too_large);
    Batch large(ann_rows);
    while (large.octets() + value_octets_max + 100 < batch_octets_max)
        large.put(Tuple().u64(large.octets()), std::string(value_octets_max, 'y'));
    CHECK(f.commit(large).has_value());
    large.put(std::string("last"), std::string(value_octets_max, 'y'));
    CHECK(f.commit(large).error().fault == Fault::too_large);
    CHECK_FALSE(f.get(ann_rows, "last").has_value());
}

TEST_CASE_TEMPLATE("store: the change log lists what came after a mod-sequence", Engine, HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    for (std::uint32_t i = 1; i <= 4; ++i) {
        Batch batch(ann_rows);
        const Slot email = batch.next("email");
        batch.log(ChangeKind::membership, i, Tuple().slot(email));
        if (i == 3) batch.log(ChangeKind::email, 0, Tuple().octets("second row"));
        REQUIRE(f.commit(std::move(batch)));
    }
    REQUIRE(f.commit(row(ann_rows, "k", "logs nothing")));
    const auto after = [&f](std::uint64_t above, size_t limit) {
        return f.world.run(f.store->changes(ann, ModSequence(above), limit)).value();
    };
    CHECK(after(0, 100).size() == 5);
    const auto changes = after(2, 100);
    REQUIRE(changes.size() == 3);
    CHECK(changes[0].kind == ChangeKind::email);
    CHECK(changes[0].ids == "second row");
    CHECK(changes[1].mod_sequence.value == 3);
    CHECK(changes[1].container == 3);
    CHECK(changes[1].ids == std::string(Tuple().u64(3)));
    CHECK(changes[2].mod_sequence.value == 4);
    CHECK(after(2, 1).size() == 1);
    CHECK(after(4, 100).empty());
    CHECK(f.world.run(f.store->changes(ben, ModSequence(0), 100)).value().empty());
}

TEST_CASE_TEMPLATE("store: mod-sequences and counters go on after a restart", Engine, HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    for (std::uint64_t i = 1; i <= 6; ++i) {
        Batch batch = row(ann_rows, "k" + std::to_string(i), "v");
        const Slot uid = batch.next("uid");
        batch.mod_sequence();
        const auto committed = f.commit(std::move(batch));
        REQUIRE(committed.has_value());
        CHECK(committed->parts[0].mod_sequence.value == i);
        CHECK(committed->parts[0].of(uid) == i);
        if (i % 2 == 0) f.reopen();
        if (i == 4) f.flush();
        CHECK(f.get(ann_rows, "k1") == "v");
    }
}

TEST_CASE_TEMPLATE("store: subscribers hear of commits in order, until they end it", Engine,
                   HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    std::vector<std::uint64_t> heard;
    std::uint32_t kinds = 0;
    auto subscription = f.store->subscribe(ann_rows, f.world, [&](Notice notice) {
        heard.push_back(notice.mod_sequence.value);
        kinds |= notice.kinds;
    });
    const auto log = [&f](PartitionId partition) {
        Batch batch(partition);
        batch.log(ChangeKind::mailbox, 1, Tuple());
        batch.log(ChangeKind::thread, 1, Tuple());
        boost::asio::co_spawn(f.world.loop, f.store->commit(batch), [](std::exception_ptr, auto) {});
    };
    for (int i = 0; i < 20; ++i) {
        log(ann_rows);
        log(ben_rows);
    }
    f.world.loop.restart();
    f.world.loop.run();
    REQUIRE(heard.size() == 20);
    CHECK(std::ranges::is_sorted(heard));
    CHECK(heard.back() == 20);
    CHECK(kinds == ((1U << 1) | (1U << 5)));
    REQUIRE(f.commit(row(ann_rows, "k", "logs nothing")));
    CHECK(heard.size() == 20);

    subscription.reset();
    log(ann_rows);
    f.world.loop.restart();
    f.world.loop.run();
    CHECK(heard.size() == 20);
}

TEST_CASE_TEMPLATE("store: a slow subscriber gets merged notices, the last number always", Engine,
                   HELIOPOST_ENGINES) {
    Fixture<Engine> f;
    TestWorld slow;
    std::vector<std::uint64_t> heard;
    const auto subscription = f.store->subscribe(
        ann_rows, slow, [&](Notice notice) { heard.push_back(notice.mod_sequence.value); });
    constexpr std::uint64_t commits = 200;
    for (std::uint64_t i = 0; i < commits; ++i) {
        Batch batch(ann_rows);
        batch.log(ChangeKind::email, 0, Tuple());
        REQUIRE(f.commit(std::move(batch)));
    }
    slow.loop.run();
    CHECK(heard.size() == 64);
    CHECK(heard.back() == commits);
}

}  // namespace heliopost::store
