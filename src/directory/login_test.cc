#include "directory/login.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <vector>

#include "directory/login_delay.h"
#include "directory/remembered_passwords.h"
#include "net/task_group.h"
#include "store/test_host.h"

namespace heliopost::directory {
namespace {

using std::chrono::seconds;

const net::IpAddress home = boost::asio::ip::make_address("192.0.2.77");
const net::IpAddress elsewhere = boost::asio::ip::make_address("198.51.100.1");

struct WithLogin : store::TestHost {
    std::unique_ptr<Directory> directory = make_directory(*store, *world);
    int calls = 0;
    std::vector<std::string> hashes;  // that were verified against
    std::unique_ptr<Login> login;

    explicit WithLogin(std::size_t waiting_max = login_hashes_waiting_max) {
        REQUIRE(run(directory->load()).has_value());
        REQUIRE(run(directory->add_domain("a.example")).has_value());
        for (const char* address : {"ann@a.example", "bob@a.example"})
            REQUIRE(run(directory->add_account({address, "", "right", 0, true}, nullptr)).has_value());
        LoginOptions options;
        options.hashes_waiting_max = waiting_max;
        // Whoever checks the hash itself is password_test.cc; here calls are counted.
        options.verify = [this](std::string_view password, std::string_view hash) {
            ++calls;
            hashes.emplace_back(hash);
            return hash != dummy_hash() && password == "right";
        };
        login = make_login(*directory, *world, options);
    }
    bool signed_in = false;  // by time_of

    Result<Account> try_login(const std::string& user, const std::string& password,
                              const net::IpAddress& from = home, const std::string& as = "") {
        return run(login->password(world, user, as, password, {"imap", "PLAIN", from, true}));
    }
    seconds time_of(const std::string& user, const std::string& password, const net::IpAddress& from) {
        const Instant before = world->tick();
        signed_in = try_login(user, password, from).has_value();
        return std::chrono::duration_cast<seconds>(passed(before));
    }
};

}  // namespace

TEST_CASE_FIXTURE(WithLogin, "login: right, wrong, unknown, disabled and for another") {
    const auto ann = try_login("Ann@A.Example", "right");
    REQUIRE(ann.has_value());
    CHECK(ann->address == "ann@a.example");
    CHECK(try_login("ann@a.example", "right", home, "ANN@a.example").has_value());
    REQUIRE(run(directory->set_disabled("bob@a.example", true)));
    const Result<Account> refused[] = {
        try_login("ann@a.example", "wrong"),
        try_login("nobody@a.example", "right"),
        try_login("bob@a.example", "right"),
        try_login("ann@a.example", "right", home, "bob@a.example"),
        try_login("", "right"),
        try_login("ann", "right"),
        try_login("ann@a.example", ""),
        try_login("ann@a.example", std::string("right\0", 6)),
    };
    for (const auto& result : refused) {
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().fault == Fault::denied);
        CHECK(result.error().text == refused[0].error().text);
    }
}

TEST_CASE_FIXTURE(WithLogin, "login: an unknown user costs one hash, as a wrong password does") {
    CHECK_FALSE(try_login("ann@a.example", "wrong").has_value());
    CHECK(calls == 1);
    CHECK_FALSE(try_login("nobody@a.example", "wrong").has_value());
    CHECK(calls == 2);
    CHECK(hashes[1] == dummy_hash());
    CHECK_FALSE(try_login("not an address", "wrong").has_value());
    CHECK(calls == 3);
    CHECK_FALSE(try_login("bob@a.example", std::string(2'000, 'x')).has_value());
    CHECK(calls == 4);
    CHECK_FALSE(try_login("bob@a.example", "\xff").has_value());  // cannot be prepared
    CHECK(calls == 5);
}

TEST_CASE_FIXTURE(WithLogin, "login: a verified password is remembered for five minutes, a wrong one never") {
    CHECK(try_login("ann@a.example", "right").has_value());
    CHECK(try_login("ann@a.example", "right").has_value());
    CHECK(calls == 1);
    CHECK_FALSE(try_login("ann@a.example", "wrong").has_value());
    CHECK(calls == 2);
    network.run_for(login_remembered + seconds(1));
    CHECK(try_login("ann@a.example", "right").has_value());
    CHECK(calls == 3);
    // A change drops it: the digest is bound to the stored hash.
    REQUIRE(run(directory->set_password("ann@a.example", "other")));
    CHECK(try_login("ann@a.example", "right").has_value());
    CHECK(calls == 4);
}

TEST_CASE_FIXTURE(WithLogin, "login: failures delay the account and the address, growing to the limit") {
    std::vector<std::int64_t> waits;
    for (int i = 0; i < 9; ++i) waits.push_back(time_of("ann@a.example", "wrong", elsewhere).count());
    CHECK(waits == std::vector<std::int64_t>{0, 0, 1, 2, 4, 8, 16, 20, 20});
    // From another address the account is still slow, another account is not.
    CHECK(time_of("ann@a.example", "right", home) == login_delay_max);
    CHECK(time_of("bob@a.example", "right", home) == seconds(0));
    // From the guessing address every account is slow.
    CHECK(time_of("bob@a.example", "wrong", elsewhere) >= seconds(4));
    // Time forgives.
    network.run_for(login_failure_forgotten * 20);
    CHECK(time_of("ann@a.example", "wrong", elsewhere) == seconds(0));
}

TEST_CASE_FIXTURE(WithLogin, "login: unknown users are delayed as real ones") {
    for (int i = 0; i < 7; ++i) {
        const net::IpAddress one = boost::asio::ip::make_address("203.0.113." + std::to_string(i + 1));
        const net::IpAddress two = boost::asio::ip::make_address("203.0.113." + std::to_string(i + 101));
        CHECK(time_of("ann@a.example", "wrong", one) == time_of("nobody@a.example", "wrong", two));
    }
}

TEST_CASE_FIXTURE(WithLogin, "login: a known good address is not shut out by others' failures") {
    REQUIRE(try_login("ann@a.example", "right", home).has_value());
    for (int i = 0; i < 12; ++i) CHECK_FALSE(try_login("ann@a.example", "wrong", elsewhere).has_value());
    for (int i = 0; i < 12; ++i)
        CHECK_FALSE(try_login("bob@a.example", "wrong", home).has_value());  // a neighbour behind it
    CHECK(time_of("ann@a.example", "right", home) == seconds(0));
    CHECK(time_of("bob@a.example", "right", home) > seconds(0));
    // Its own failures count.
    for (std::uint32_t i = 0; i < good_failures_free + 2; ++i)
        CHECK_FALSE(try_login("ann@a.example", "wrong", home).has_value());
    CHECK(time_of("ann@a.example", "right", home) == seconds(2));
    CHECK(time_of("ann@a.example", "right", home) == seconds(0));
    // Good for 30 days and no longer.
    network.run_for(login_good_for + seconds(1));
    for (int i = 0; i < 4; ++i) CHECK_FALSE(try_login("ann@a.example", "wrong", elsewhere).has_value());
    CHECK(time_of("ann@a.example", "right", home) > seconds(0));
}

TEST_CASE_FIXTURE(
    WithLogin, "login: a wrong password takes as long where the account is known and where there is none") {
    const net::IpAddress other = boost::asio::ip::make_address("192.0.2.78");
    REQUIRE(try_login("ann@a.example", "right", home).has_value());
    for (int i = 0; i < 12; ++i)
        for (const net::IpAddress& from : {home, other})
            CHECK_FALSE(try_login("u" + std::to_string(i), "wrong", from).has_value());
    for (int i = 0; i < 3; ++i) {
        const seconds known = time_of("ann@a.example", "wrong", home);
        CHECK(known == login_delay_max);
        CHECK(time_of("nobody@a.example", "wrong", other) == known);
    }
    // Nor does what is right but not enough: an account that may not log in, or not as another.
    Instant before = world->tick();
    CHECK_FALSE(try_login("ann@a.example", "right", home, "bob@a.example").has_value());
    CHECK(passed(before) >= login_delay_max);
    CHECK(time_of("ann@a.example", "right", home) == seconds(0));
    // Nor SCRAM: the keys are there at once for all, the wait is for the end.
    const auto scram = [&](const std::string& user, bool good, const net::IpAddress& from) {
        const LoginSource source{"imap", "SCRAM-SHA-256", from, true};
        before = world->tick();
        REQUIRE(run(login->scram_keys(world, user, source)).has_value());
        CHECK(passed(before) < seconds(1));
        signed_in = run(login->scram_finished(world, user, "", good, source)).has_value();
        return std::chrono::duration_cast<seconds>(passed(before));
    };
    CHECK(scram("ann@a.example", false, home) == login_delay_max);
    CHECK(scram("nobody@a.example", false, other) == login_delay_max);
    CHECK(scram("ann@a.example", true, home) == seconds(0));
}

TEST_CASE_FIXTURE(WithLogin, "login: one /64 counts as one, and IPv4 mapped as IPv4") {
    for (int i = 0; i < 12; ++i) {
        const auto from = boost::asio::ip::make_address("2001:db8::" + std::to_string(i + 1));
        CHECK_FALSE(try_login("u" + std::to_string(i) + "@a.example", "wrong", from).has_value());
    }
    CHECK(time_of("bob@a.example", "wrong", boost::asio::ip::make_address("2001:db8::ffff")) ==
          login_delay_max);
    CHECK(time_of("bob@a.example", "right", boost::asio::ip::make_address("2001:db8:0:1::1")) == seconds(0));
}

namespace {

net::Task<void> guess(Login* login, net::World* world, std::string user, int* tried, int* busy) {
    const auto got = co_await login->password(world, user, "", "wrong", {"imap", "PLAIN", elsewhere, false});
    ++*(got.error().fault == Fault::temporary ? busy : tried);
}

}  // namespace

TEST_CASE_FIXTURE(WithLogin, "login: many connections of one address guess no faster") {
    for (int i = 0; i < 12; ++i)
        CHECK_FALSE(try_login("u" + std::to_string(i) + "@a.example", "wrong", elsewhere).has_value());
    int tried = 0;
    int busy = 0;
    net::TaskGroup tasks(*world, "test");
    for (int i = 0; i < 50; ++i)
        tasks.spawn(guess(login.get(), world, "v" + std::to_string(i) + "@a.example", &tried, &busy));
    REQUIRE(network.run_until([&] { return tasks.size() == 0; }, std::chrono::minutes(5)));
    CHECK(tried == 2);
    CHECK(busy == 48);
}

TEST_CASE("login: past the places for hashing it is temporary, and no hash is computed") {
    WithLogin host(4);
    int tried = 0;
    int busy = 0;
    net::TaskGroup tasks(*host.world, "test");
    for (int i = 0; i < 5; ++i)
        tasks.spawn(
            guess(host.login.get(), host.world, "u" + std::to_string(i) + "@a.example", &tried, &busy));
    REQUIRE(host.network.run_until([&] { return tasks.size() == 0; }, std::chrono::minutes(5)));
    CHECK(tried == 4);
    CHECK(busy == 1);
    CHECK(host.calls == 4);
    CHECK(host.try_login("ann@a.example", "right").has_value());  // the places are free again
}

TEST_CASE_FIXTURE(WithLogin, "login: SCRAM keys are real, or made up and constant") {
    const LoginSource source{"submission", "SCRAM-SHA-256", home, true};
    const auto keys = [&](const std::string& user) {
        return run(login->scram_keys(world, user, source)).value();
    };
    const ScramKeys ann = keys("ANN@a.example");
    CHECK(ann.real);
    CHECK(ann.iterations == scram_iterations);
    const ScramKeys nobody = keys("nobody@a.example");
    CHECK_FALSE(nobody.real);
    CHECK(nobody.iterations == ann.iterations);
    CHECK(nobody.salt.size() == ann.salt.size());
    CHECK(nobody.stored_key.size() == ann.stored_key.size());
    CHECK(keys("Nobody@A.example").salt == nobody.salt);
    CHECK(keys("other@a.example").salt != nobody.salt);
    const auto finished = [&](const std::string& user, bool good, const std::string& as = "") {
        return run(login->scram_finished(world, user, as, good, source)).has_value();
    };
    CHECK(finished("ann@a.example", true));
    CHECK_FALSE(finished("ann@a.example", false));
    CHECK_FALSE(finished("nobody@a.example", true));
    CHECK_FALSE(finished("ann@a.example", true, "bob@a.example"));
}

TEST_CASE_FIXTURE(WithLogin, "login: one line each, with nothing secret and nothing injected") {
    const std::size_t before = world->log_lines().size();
    CHECK(try_login("ann@a.example", "right").has_value());
    CHECK_FALSE(try_login("x\r\nevent=login result=ok@a.example", "hunter2-canary").has_value());
    REQUIRE(world->log_lines().size() == before + 2);
    const std::string& good = world->log_lines()[before];
    for (const char* part : {"event=login", "service=imap", "user=ann@a.example", "mechanism=PLAIN",
                             "result=ok", "rip=192.0.2.77", "tls=yes"})
        CHECK(good.find(part) != std::string::npos);
    const std::string& bad = world->log_lines()[before + 1];
    CHECK(bad.find("result=denied") != std::string::npos);
    CHECK(bad.find('\n') == std::string::npos);
    CHECK(bad.find("hunter2") == std::string::npos);
}

TEST_CASE("login delay: the tables are bounded, and inventing names evicts no real one") {
    LoginDelay delay("secret", 100);  // in place of login_entries_max
    const Instant now{seconds(1000)};
    const LoginSubject ann{"ann@a.example", true, "192.0.2.9"};
    for (int i = 0; i < 5; ++i) delay.failed(ann, now);
    for (int i = 0; i < 10'000; ++i)
        delay.failed({"u" + std::to_string(i), false, "10.0." + std::to_string(i)}, now);
    const LoginSubject from_elsewhere{"ann@a.example", true, "198.51.100.1"};
    CHECK(delay.begin(from_elsewhere, now).answer == now + seconds(8));
    // The invented ones are forgotten, oldest first.
    CHECK(delay.begin({"u1", false, "198.51.100.2"}, now).answer == now);
}

TEST_CASE("login delay: many at once from a known good address are no more early guesses") {
    LoginDelay delay("secret");
    const Instant now{seconds(1000)};
    const LoginSubject ann{"ann@a.example", true, "192.0.2.9"};
    const LoginSubject nobody{"nobody@a.example", false, "192.0.2.10"};
    delay.succeeded(ann, now);
    CHECK_FALSE(delay.begin(ann, now).early.has_value());  // nothing to be early for
    for (const LoginSubject& subject : {ann, nobody})
        for (int i = 0; i < 12; ++i) delay.failed(subject, now);
    std::uint32_t at_once = 0;
    std::uint32_t early = 0;
    for (int i = 0; i < 50; ++i) {
        const auto turn = delay.begin(ann, now);
        const auto other = delay.begin(nobody, now);
        CHECK(turn.answer == other.answer);
        CHECK(turn.full == other.full);
        CHECK_FALSE(other.early.has_value());
        early += turn.early ? 1 : 0;
        at_once += turn.early && *turn.early == now ? 1 : 0;
    }
    CHECK(at_once == good_failures_free + 1);
    CHECK(early < 12);
}

TEST_CASE("bounded table: the one touched longest ago goes first") {
    BoundedTable<int> table(3);
    const auto key = [](char c) {
        Digest digest{};
        digest[0] = c;
        return digest;
    };
    for (const char c : {'a', 'b', 'c'}) table.touch(key(c)) = c;
    table.touch(key('a'));
    table.touch(key('d')) = 'd';
    CHECK(table.find(key('b')) == nullptr);
    REQUIRE(table.find(key('a')) != nullptr);
    CHECK(*table.find(key('a')) == 'a');
    CHECK(table.size() == 3);
    table.erase(key('a'));
    CHECK(table.size() == 2);
}

TEST_CASE_FIXTURE(WithLogin, "login: where the pool has no room it fails for now, and is no wrong password") {
    world->set_pool(0, {});
    for (int i = 0; i < 9; ++i) {
        const auto refused = try_login("ann@a.example", "right");
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().fault == Fault::temporary);
    }
    CHECK(calls == 0);
    world->set_pool(1, {});
    CHECK(time_of("ann@a.example", "right", home) == seconds(0));
    CHECK(signed_in);
    world->set_pool(0, {});
    CHECK(try_login("ann@a.example", "right").has_value());  // remembered
}

}  // namespace heliopost::directory
