// What goes past a limit of this folder that no other test names.
#include <doctest/doctest.h>

#include "directory/directory.h"
#include "directory/login.h"
#include "directory/login_delay.h"
#include "directory/password.h"
#include "directory/remembered_passwords.h"
#include "net/task_group.h"
#include "store/test_host.h"

namespace heliopost::directory {
namespace {

struct Limited : store::TestHost {
    std::unique_ptr<Directory> directory = make_directory(*store, *world);

    Limited() {
        REQUIRE(run(directory->load()).has_value());
        REQUIRE(run(directory->add_domain("a.example")).has_value());
    }
};

net::Task<void> change_quota(Directory* directory, std::uint64_t octets, std::size_t* done,
                             std::size_t* busy) {
    const auto changed = co_await directory->set_quota("ann@a.example", octets);
    if (changed) ++*done;
    if (!changed && changed.error().fault == Fault::temporary) ++*busy;
}

}  // namespace

TEST_CASE_FIXTURE(Limited, "limits: a name to display, and changes that wait for each other") {
    const auto add = [&](std::size_t octets) {
        return run(directory->add_account(
            {"ann@a.example", std::string(octets, 'n'), "secret-password", 0, false}, nullptr));
    };
    const auto refused = add(display_name_octets_max + 1);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().fault == Fault::too_large);
    REQUIRE(add(display_name_octets_max).has_value());

    std::size_t done = 0;
    std::size_t busy = 0;
    net::TaskGroup tasks(*world, "changes");
    for (std::size_t i = 0; i < changes_waiting_max + 6; ++i)
        tasks.spawn(change_quota(directory.get(), i, &done, &busy));
    REQUIRE(network.run_until([&] { return tasks.size() == 0; }, std::chrono::minutes(5)));
    CHECK(done == changes_waiting_max + 1);  // and the one that does not wait
    CHECK(busy == 5);
}

TEST_CASE_FIXTURE(Limited, "limits: a user name of any length is one entry and one short line of the log") {
    const auto login =
        make_login(*directory, *world, {.verify = [](std::string_view, std::string_view) { return false; }});
    const LoginSource source{"imap", "PLAIN", boost::asio::ip::make_address("192.0.2.77"), true};
    for (int i = 0; i < 3; ++i) {
        const std::string user(10 * login_name_octets_max + static_cast<std::size_t>(i), 'u');
        CHECK_FALSE(run(login->password(world, user, "", "wrong", source)).has_value());
        CHECK(world->log_lines().back().size() < 600);  // logged_octets_max of the name
    }
    // Past login_name_octets_max all names are one, and so is their delay.
    const Instant before = world->tick();
    CHECK_FALSE(run(login->password(world, std::string(99'999, 'u'), "", "wrong", source)).has_value());
    CHECK(passed(before) >= std::chrono::seconds(1));
}

TEST_CASE("limits: hashes that would cost too much to verify are no hash of ours") {
    const std::string good = hash_password("secret", "0123456789abcdef");
    REQUIRE(verify_password("secret", good));
    const auto with = [&](const std::string& costs) {
        const std::size_t from = good.find("m="), to = good.find('$', from);
        return verify_password("secret", good.substr(0, from) + costs + good.substr(to));
    };
    CHECK_FALSE(with("m=1048577,t=2,p=1"));                                // memory_kib_max
    CHECK_FALSE(with("m=19456,t=17,p=1"));                                 // passes_max
    CHECK_FALSE(with("m=19456,t=2,p=17"));                                 // lanes_max
    CHECK_FALSE(verify_password("secret", good + std::string(512, 'A')));  // stored_octets_max
    CHECK(good.size() < 128);                                              // encoded_octets_max
}

TEST_CASE("limits: the delay of a login stays at its longest, however many fail") {
    LoginDelay delay("secret");
    const Instant now{std::chrono::seconds(1'000)};
    const LoginSubject ann{"ann@a.example", true, "192.0.2.9"};
    for (int i = 0; i < 200; ++i) delay.failed(ann, now);  // far past doublings_max
    CHECK(delay.begin(ann, now).answer == now + login_delay_max);
}

TEST_CASE("limits: remembered passwords, the oldest is forgotten past logins_remembered_max") {
    RememberedPasswords remembered("secret", 10);
    const Instant now{std::chrono::seconds(1'000)};
    const auto account = [](int i) {
        Account one;
        one.id = AccountId(static_cast<std::uint64_t>(i));
        one.password_hash = "hash";
        return one;
    };
    for (int i = 0; i < 11; ++i) remembered.remember(account(i), "right", now);
    CHECK_FALSE(remembered.knows(account(0), "right", now));
    CHECK(remembered.knows(account(10), "right", now));
    CHECK_FALSE(remembered.knows(account(10), "wrong", now));
}

}  // namespace heliopost::directory
