#include "signing/keys.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "base/base64.h"
#include "net/task_group.h"
#include "signing/life.h"
#include "signing/test_keys.h"

using namespace std::chrono_literals;

namespace heliopost::signing {
namespace {

using Algorithm = DkimKey::Algorithm;
using State = DkimKey::State;

struct House : store::TestHost {
    TestFolder folder;
    std::vector<std::string> lines;
    net::MemoryWorld* logging = &network.add_host(
        "b.example", {"192.0.2.2"}, [this](LogLevel, std::string_view line) { lines.emplace_back(line); });
    std::unique_ptr<directory::Directory> directory = directory::make_directory(*store, *world);
    std::unique_ptr<Keys> keys = open("server.key");

    House() {
        REQUIRE(run(directory->load()).has_value());
        REQUIRE(run(directory->add_domain("a.example")).has_value());
    }
    // As a start of the server does.
    std::unique_ptr<Keys> open(const std::string& key_file) {
        auto opened = std::make_unique<Keys>(*store, *directory, *logging, folder.file(key_file));
        REQUIRE(run(opened->load()).has_value());
        return opened;
    }
    DkimKey create(Algorithm algorithm = Algorithm::ed25519) {
        const auto made = run(keys->create(logging, "a.example", algorithm));
        REQUIRE(made.has_value());
        return *made;
    }
    void publish(const DkimKey& key) { network.zone().add_txt(record_name(key), record_text(key)); }
    std::string states() {  // "20261123e active, ..."
        std::string all;
        const auto now = keys->snapshot();
        for (const auto& [domain, of] : now->domains)
            for (const KeyInUse& key : of)
                all +=
                    (all.empty() ? "" : ", ") + key.row.selector + " " + std::string(name_of(key.row.state));
        return all;
    }
    std::size_t signing() { return keys->snapshot()->signing("a.example").size(); }
    std::size_t count(std::string_view text) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(lines, [&](const std::string& line) { return line.contains(text); }));
    }
    void change(std::chrono::seconds rotate_after, std::chrono::seconds overlap) {
        Settings settings;
        settings.rotate_after = rotate_after;
        settings.overlap = overlap;
        keys->change(settings);
    }
};

// The upkeep's task, without main/.
net::Task<void> look_after(net::World* world, Keys* keys, directory::Directory* directory) {
    Caretaker caretaker(world, keys, directory);
    for (;;) {
        const auto done = co_await caretaker.round();
        ASSERT(done.has_value());
        co_await world->sleep_until(world->after(look_interval));
    }
}

struct Kept : House {
    net::TaskGroup tasks{*logging, "upkeep"};
    Kept() { tasks.spawn(look_after(logging, keys.get(), directory.get())); }
    ~Kept() {
        tasks.stop();
        network.run_until([this] { return tasks.size() == 0; }, 1min);
    }
};

}  // namespace

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

TEST_CASE_FIXTURE(Kept, "life: a key signs once its record is seen, and not before") {
    const DkimKey key = create();
    network.run_for(3h);
    CHECK(states() == key.selector + " made");
    CHECK(count("a key waits for its DNS record") == 1);  // not in every round
    CHECK(count(to_base64(key.public_key)) == 1);
    network.run_for(24h);
    CHECK(count("a key waits for its DNS record") == 2);
    DkimKey other = key;
    other.public_key.back() = static_cast<char>(other.public_key.back() ^ 1);
    publish(other);
    network.run_for(1h);
    CHECK(states() == key.selector + " made");
    publish(key);  // beside the other
    network.run_for(1h);
    CHECK(states() == key.selector + " made");
    network.zone().remove(record_name(key));
    publish(key);
    network.zone().set_failing(record_name(key));
    network.run_for(1h);
    CHECK(states() == key.selector + " made");
    network.zone().set_failing(record_name(key), false);
    network.run_for(look_interval + 1min);
    CHECK(states() == key.selector + " active");
    CHECK(signing() == 1);
}

TEST_CASE_FIXTURE(Kept,
                  "life: rotation makes a successor, switches when it is seen, and lets the old one go") {
    const DkimKey first = create();
    publish(first);
    network.run_for(look_interval + 1min);
    REQUIRE(states() == first.selector + " active");
    change(30 * 24h, 7 * 24h);
    network.run_for(29 * 24h);
    CHECK(states() == first.selector + " active");
    network.run_for(25h);
    std::string second;
    for (const KeyInUse& key : keys->snapshot()->domains.at("a.example"))
        if (key.row.state == State::made) second = key.row.selector;
    REQUIRE_FALSE(second.empty());
    CHECK(states() == first.selector + " active, " + second + " made");
    network.run_for(5 * 24h);  // nobody published: the old one goes on, and no third one is made
    CHECK(states() == first.selector + " active, " + second + " made");
    CHECK(signing() == 1);
    publish(keys->snapshot()->find("a.example", second)->row);
    network.run_for(look_interval + 1min);
    CHECK(states() == first.selector + " retiring, " + second + " active");
    CHECK(signing() == 1);
    CHECK(keys->snapshot()->find("a.example", first.selector)->row.sealed.empty());
    network.run_for(6 * 24h);
    CHECK(states() == first.selector + " retiring, " + second + " active");
    network.run_for(25h);
    CHECK(states() == first.selector + " retired, " + second + " active");
    CHECK(count("its DNS record may go") == 1);
    network.zone().remove(record_name(first));
    network.run_for(look_interval + 1min);
    CHECK(states() == second + " active");
}

TEST_CASE_FIXTURE(Kept, "life: the keys of a domain that is gone are forgotten") {
    REQUIRE(run(keys->activate(create(), logging->now())).has_value());
    REQUIRE(run(directory->remove_domain("a.example")).has_value());
    network.run_for(look_interval + 1min);
    CHECK(states().empty());
    keys = open("server.key");
    CHECK(states().empty());
    tasks.stop();
    network.run_for(1s);
}

TEST_CASE_FIXTURE(House, "life: a domain whose keys cannot be made does not keep others from theirs") {
    REQUIRE(run(directory->add_domain("b.example")).has_value());
    const auto other = run(keys->create(logging, "b.example", Algorithm::ed25519));
    REQUIRE(other.has_value());
    publish(*other);
    for (std::size_t made = 0; made + 1 < keys_of_domain_max; ++made)
        REQUIRE(run(keys->activate(create(), logging->now())).has_value());
    change(1s, 365 * 24h);
    network.run_for(2s);
    Caretaker caretaker(logging, keys.get(), directory.get());
    CHECK(run(caretaker.round()).has_value());
    CHECK(count("too many keys were made today") == 1);
    CHECK(keys->snapshot()->signing("b.example").size() == 1);
}

TEST_CASE_FIXTURE(House, "life: a DNS that is silent past look_time_max says nothing of a key") {
    const DkimKey key = create();
    publish(key);
    CHECK(run(look_for(logging, key)).seen == Look::Seen::yes);
    network.zone().set_latency(look_time_max + 1s);
    const Instant begin = world->tick();
    CHECK(run(look_for(logging, key)).seen == Look::Seen::unknown);
    CHECK(passed(begin) <= look_time_max + 1s);
    network.zone().set_latency(0s);
}

TEST_CASE_FIXTURE(Kept, "life: who cannot wait asks for a look at once") {
    const DkimKey key = create();
    CHECK(run(activate_seen(world, keys.get(), "a.example")).value_or(9) == 0);
    publish(key);
    CHECK(run(activate_seen(world, keys.get(), "a.example")).value_or(9) == 1);
    CHECK(states() == key.selector + " active");
}

TEST_CASE_FIXTURE(House, "life: that a record was absent is not remembered") {
    network.zone().set_absent_ttl(24h);
    const DkimKey key = create();
    const std::string name = record_name(key);
    CHECK(run(look_for(logging, key)).seen == Look::Seen::no);
    const auto status = [&] {
        return run(logging->resolver().query(name, net::RecordType::txt, logging->after(1s))).status;
    };
    CHECK(status() == net::DnsAnswer::Status::no_name);
    publish(key);
    CHECK(status() == net::DnsAnswer::Status::no_name);  // everybody else still has it so
    CHECK(run(look_for(logging, key)).seen == Look::Seen::yes);
    CHECK(run(activate_seen(logging, keys.get(), "a.example")).value_or(9) == 1);
    CHECK(states() == key.selector + " active");
}

TEST_CASE_FIXTURE(Kept, "life: the round sees a record at once that was absent before") {
    network.zone().set_absent_ttl(24h);
    const DkimKey key = create();
    network.run_for(look_interval + 1min);
    publish(key);
    network.run_for(look_interval + 1min);
    CHECK(states() == key.selector + " active");
}

TEST_CASE("zone line: one line, long texts in strings of string_octets_max") {
    DkimKey key;
    key.domain = "a.example";
    key.selector = "20261123e";
    key.algorithm = Algorithm::ed25519;
    key.public_key = std::string(32, 'x');
    CHECK(zone_line(key) == "20261123e._domainkey.a.example. IN TXT \"v=DKIM1; k=ed25519; p=" +
                                to_base64(key.public_key) + "\"");
    key.algorithm = Algorithm::rsa2048;
    key.public_key = std::string(294, 'x');
    const std::string line = zone_line(key), text = record_text(key);
    CHECK(line == "20261123e._domainkey.a.example. IN TXT ( \"" + text.substr(0, 255) + "\" \"" +
                      text.substr(255) + "\" )");
}

}  // namespace heliopost::signing
