#include "signing/life.h"

#include <doctest/doctest.h>

#include "base/base64.h"
#include "net/task_group.h"
#include "signing/test_house.h"

using namespace std::chrono_literals;

namespace heliopost::signing {
namespace {

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
