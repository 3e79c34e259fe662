#include "server/imap/search_line.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "server/imap/search.h"
#include "server/imap/test_client.h"

namespace heliopost::imap_server {
namespace {

// Tasks that take a turn each and keep it until they are let go.
struct Line {
    net::MemoryNetwork network{1};
    net::MemoryWorld* world = &network.add_host("imap.example", {"192.0.2.1"});
    SearchLine line{*world};
    net::Event let_go{*world};
    std::string order;
    net::TaskGroup first{*world, "first"};
    net::TaskGroup others{*world, "others"};

    ~Line() {
        first.stop();
        others.stop();
        network.run_until([this] { return first.size() + others.size() == 0; }, std::chrono::minutes(1));
    }
    static net::Task<void> search(Line* with, std::uint64_t account, char name) {
        SearchLine::Turn turn(with->line, AccountId{account});
        co_await turn.wait();
        with->order += name;
        co_await with->let_go.wait(Deadline::max());
    }
    void begin(net::TaskGroup& group, std::uint64_t account, std::string_view names) {
        for (const char name : names) group.spawn(search(this, account, name));
        network.run_for(std::chrono::seconds(1));
    }
    void end() {
        let_go.set();
        network.run_for(std::chrono::seconds(1));
    }
};

// "NOT SEEN", so often that a few rows are much to look at.
std::string many_keys() {
    std::string keys;
    for (int i = 0; i < 450; ++i) keys += (i == 0 ? "" : " ") + std::string("NOT SEEN");
    return keys;
}

}  // namespace

TEST_CASE_FIXTURE(Line, "search line: one at a time, accounts in rotation, each in its order") {
    begin(first, 1, "a");
    begin(others, 1, "bcd");
    begin(others, 2, "xy");
    begin(others, 3, "z");
    CHECK(order == "a");
    CHECK(line.waiting() == 6);
    end();
    CHECK(order == "abxzcyd");
    CHECK(line.waiting() == 0);
    begin(first, 4, "e");  // the line is free again
    CHECK(order == "abxzcyde");
}

TEST_CASE_FIXTURE(Line, "search line: who is stopped gives up the place or the turn") {
    begin(first, 1, "ab");
    begin(others, 2, "x");
    begin(others, 1, "c");
    begin(others, 3, "y");
    first.stop();  // a has the turn, b is the first of those who wait
    network.run_for(std::chrono::seconds(1));
    CHECK(order == "ax");
    CHECK(line.waiting() == 2);
    end();
    CHECK(order == "axyc");  // the first account's turn has been b's
}

TEST_CASE_FIXTURE(Line, "search line: a turn that comes to one who is stopped goes on to the next") {
    begin(first, 1, "a");
    begin(others, 2, "x");
    net::TaskGroup last(*world, "last");
    begin(last, 3, "y");
    let_go.set();
    others.stop();
    network.run_for(std::chrono::seconds(1));
    CHECK(order == "ay");
    CHECK(line.waiting() == 0);
    network.run_until([&] { return last.size() == 0; }, std::chrono::minutes(1));
}

TEST_CASE_FIXTURE(Line, "limits: no more than search_turns_of_account_max of one account wait") {
    begin(first, 1, std::string(1 + search_turns_of_account_max, 'a'));
    CHECK(line.waiting() == search_turns_of_account_max);
    std::optional<SearchLine::Turn> turn;
    CHECK_THROWS_AS(turn.emplace(line, AccountId{1}), net::Overloaded);
    CHECK(line.waiting() == search_turns_of_account_max);
    turn.emplace(line, AccountId{2});
    CHECK(line.waiting() == search_turns_of_account_max + 1);
    turn.reset();
    CHECK(line.waiting() == search_turns_of_account_max);
}

TEST_CASE("search: however many search, one short job of theirs is in the pool") {
    constexpr int searching = 20;
    TestServer server;
    server.deliver("INBOX", message_with("hay"), "()", 1'500);
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < searching; ++i) {
        clients.push_back(std::make_unique<TestClient>(server));
        REQUIRE(clients.back()->run("SELECT INBOX").ok());
    }
    server.world->set_pool(searching, std::chrono::milliseconds(10));
    CHECK(server.world->pool_jobs_most() == 0);
    for (const auto& client : clients) client->send("S SEARCH RETURN (COUNT) " + many_keys() + "\r\n");
    for (const auto& client : clients) CHECK(client->until("S").has("* ESEARCH (TAG \"S\") COUNT 1500"));
    for (const auto& client : clients) client->send("B SEARCH RETURN (COUNT) 1:100 BODY Hello\r\n");
    for (const auto& client : clients) CHECK(client->until("B").has("* ESEARCH (TAG \"B\") COUNT 100"));
    CHECK(server.world->pool_jobs_most() == 1);
}

}  // namespace heliopost::imap_server
