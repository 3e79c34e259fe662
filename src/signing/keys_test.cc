#include "signing/keys.h"

#include <doctest/doctest.h>

#include <climits>
#include <filesystem>
#include <functional>
#include <optional>

#include "net/task_group.h"
#include "signing/test_house.h"

using namespace std::chrono_literals;

namespace heliopost::signing {

TEST_CASE_FIXTURE(House, "keys: made, kept sealed, and there again after a restart") {
    const DkimKey ed = create(), rsa = create(Algorithm::rsa2048);
    CHECK(ed.selector.size() == 9);
    CHECK(ed.selector.ends_with('e'));
    CHECK(rsa.selector.ends_with('r'));
    CHECK(ed.public_key.size() == 32);
    const auto again = run(keys->create(logging, "a.example", Algorithm::ed25519));
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().fault == Fault::exists);
    CHECK(run(keys->create(logging, "b.example", Algorithm::ed25519)).error().fault == Fault::not_found);
    CHECK(signing() == 0);
    REQUIRE(run(keys->activate(ed, logging->now())).has_value());
    REQUIRE(run(keys->activate(rsa, logging->now())).has_value());
    CHECK(signing() == 2);
    // Nothing of the private part stands in the store.
    const auto rows = run(store->scan(store::directory_partition, directory::dkim_keys_begin(),
                                      directory::dkim_keys_end(), 10, store::Direction::forward));
    REQUIRE(rows.has_value());
    REQUIRE(rows->size() == 2);
    const auto now = keys->snapshot();
    for (const auto& [key, value] : *rows) CHECK_FALSE(value.contains("PRIVATE KEY"));
    const std::string before = states();
    keys = open("server.key");
    CHECK(states() == before);
    CHECK(signing() == 2);
    const KeyInUse* ours = keys->snapshot()->find("a.example", ed.selector);
    REQUIRE(ours != nullptr);
    CHECK(ours->opened->public_octets() == ed.public_key);
}

TEST_CASE_FIXTURE(House, "keys: a second one of a day has a selector of its own") {
    const DkimKey first = create();
    REQUIRE(run(keys->activate(first, logging->now())).has_value());
    const DkimKey second = create();
    CHECK(second.selector == first.selector + "2");
}

TEST_CASE_FIXTURE(House, "keys: same_day_max and keys_of_domain_max end what somebody makes without end") {
    for (std::size_t made = 0; made + 1 < keys_of_domain_max; ++made)
        REQUIRE(run(keys->activate(create(), logging->now())).has_value());
    const auto of_day = run(keys->create(logging, "a.example", Algorithm::ed25519));
    REQUIRE_FALSE(of_day.has_value());
    CHECK(of_day.error().text == "too many keys were made today");
    network.run_for(24h);
    REQUIRE(run(keys->activate(create(), logging->now())).has_value());
    const auto of_domain = run(keys->create(logging, "a.example", Algorithm::ed25519));
    REQUIRE_FALSE(of_domain.has_value());
    CHECK(of_domain.error().fault == Fault::too_large);
    CHECK(of_domain.error().text.contains("remove the records of retired ones"));
}

TEST_CASE_FIXTURE(House, "keys: without their server key they sign nothing, and say what to do") {
    REQUIRE(run(keys->activate(create(), logging->now())).has_value());
    std::filesystem::rename(folder.file("server.key"), folder.file("kept.key"));
    keys = open("server.key");
    CHECK(signing() == 0);
    CHECK_FALSE(std::filesystem::exists(folder.file("server.key")));  // no new one in its place
    CHECK(count("dkim: no server key") == 1);
    const auto now = keys->snapshot();
    CHECK(now->domains.at("a.example").front().trouble.contains("put your copy of it there"));
    const auto made = run(keys->create(logging, "a.example", Algorithm::ed25519));
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().text.contains("put your copy of it there"));
    // Put back, it is found at a reload.
    std::filesystem::rename(folder.file("kept.key"), folder.file("server.key"));
    REQUIRE(run(keys->load()).has_value());
    CHECK(signing() == 1);
}

TEST_CASE_FIXTURE(House, "keys: another server key is told from the right one") {
    REQUIRE(run(keys->activate(create(), logging->now())).has_value());
    REQUIRE(ServerKey::make(folder.file("other.key")).has_value());
    keys = open("other.key");
    CHECK(signing() == 0);
    CHECK(keys->snapshot()->domains.at("a.example").front().trouble.contains("sealed with server key"));
    CHECK(count("dkim: a key cannot sign") == 1);
}

TEST_CASE_FIXTURE(House,
                  "keys: where the server key is lost, what it sealed is retired, and a new one is made") {
    const DkimKey lost = create();
    REQUIRE(run(keys->activate(lost, logging->now())).has_value());
    std::filesystem::remove(folder.file("server.key"));
    keys = open("server.key");
    const auto now = keys->snapshot();
    REQUIRE(run(keys->retire(now->domains.at("a.example").front().row, logging->now())).has_value());
    const DkimKey fresh = create();
    CHECK(std::filesystem::exists(folder.file("server.key")));
    CHECK(fresh.server_key != lost.server_key);
    REQUIRE(run(keys->activate(fresh, logging->now())).has_value());
    CHECK(signing() == 1);
}

TEST_CASE_FIXTURE(House, "keys: a record in another one's place does not open") {
    const DkimKey key = create();
    REQUIRE(run(keys->activate(key, logging->now())).has_value());
    DkimKey moved = keys->snapshot()->find("a.example", key.selector)->row;
    moved.selector = "moved";
    store::Batch batch(store::directory_partition);
    batch.put(directory::dkim_key_key("a.example", "moved"), encode(moved));
    REQUIRE(run(store->commit(std::move(batch))).has_value());
    keys = open("server.key");
    CHECK(signing() == 1);
    CHECK(keys->snapshot()->find("a.example", "moved")->trouble.contains("cannot be opened"));
}

TEST_CASE_FIXTURE(House, "keys: a change that was made from what is no longer so does nothing") {
    const DkimKey key = create();
    REQUIRE(run(keys->activate(key, logging->now())).has_value());
    const auto again = run(keys->activate(key, logging->now()));
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().fault == Fault::conflict);
    CHECK(run(keys->retire(key, logging->now())).error().fault == Fault::conflict);
    CHECK(states() == key.selector + " active");
}

TEST_CASE_FIXTURE(House, "keys: settings leave domains, or all, unsigned") {
    REQUIRE(run(keys->activate(create(), logging->now())).has_value());
    Settings settings;
    settings.unsigned_domains = {"a.example"};
    keys->change(settings);
    CHECK(signing() == 0);
    settings.unsigned_domains = {"b.example"};
    keys->change(settings);
    CHECK(signing() == 1);
    settings.sign = false;
    keys->change(settings);
    CHECK(signing() == 0);
}

namespace {

net::Task<void> load_into(Keys* keys, std::optional<Result<void>>* loaded) {
    loaded->emplace(co_await keys->load());
}

// A house whose store tells when it is read.
struct Watched : House {
    std::function<std::chrono::microseconds()> read;
    store::MemoryStore store_watched{
        *world, disk, {.read_delay = [this] { return read ? read() : std::chrono::microseconds(0); }}};
    Watched() {
        keys = std::make_unique<Keys>(store_watched, *directory, *logging, folder.file("server.key"));
        REQUIRE(run(keys->load()).has_value());
    }
};

}  // namespace

TEST_CASE_FIXTURE(Watched, "keys: a key that is retired while all are read signs no more") {
    const DkimKey key = create();
    REQUIRE(run(keys->activate(key, logging->now())).has_value());
    store::Batch batch(store::directory_partition);
    DkimKey other = key;  // more than one page of them, so that the first is read before the last
    other.domain = "z.example";
    other.state = State::retired;
    other.sealed.clear();
    for (int i = 0; i < 1'500; ++i) {
        other.selector = "s" + std::to_string(i);
        batch.put(directory::dkim_key_key(other.domain, other.selector), encode(other));
    }
    REQUIRE(run(store->commit(std::move(batch))).has_value());
    read = [] { return 1s; };
    std::optional<Result<void>> loaded;
    net::TaskGroup tasks(*logging, "load");
    tasks.spawn(load_into(keys.get(), &loaded));
    network.run_for(1500ms);
    REQUIRE(run(keys->retire(keys->snapshot()->find("a.example", key.selector)->row, logging->now()))
                .has_value());
    network.run_for(1min);
    ASSERT(loaded.has_value());
    const auto& result = *loaded;
    CHECK(result.has_value());
    CHECK(signing() == 0);
    CHECK(keys->snapshot()->domains.at("a.example").front().row.state == State::retiring);
    CHECK(keys->snapshot()->domains.at("z.example").size() == 1'500);
}

TEST_CASE_FIXTURE(Watched, "keys: load gives up where they change load_rounds_max times, and says so") {
    int reads = 0, changes = 0;
    read = [&] {
        ++reads;
        if (changes > 0) {
            --changes;
            keys->change({});
        }
        return 0s;
    };
    changes = load_rounds_max - 1;
    CHECK(run(keys->load()).has_value());
    CHECK(reads == load_rounds_max);
    changes = INT_MAX;
    const auto loaded = run(keys->load());
    REQUIRE_FALSE(loaded.has_value());
    CHECK(loaded.error().fault == Fault::temporary);
    CHECK(loaded.error().text.contains("try again"));
    CHECK(reads == 2 * load_rounds_max);
    changes = 0;
    CHECK(run(keys->load()).has_value());
}

}  // namespace heliopost::signing
