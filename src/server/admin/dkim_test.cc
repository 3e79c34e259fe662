#include <doctest/doctest.h>

#include <optional>

#include "net/task_group.h"
#include "server/admin/operations.h"
#include "signing/test_house.h"

using namespace std::chrono_literals;

namespace heliopost::admin {
namespace {

net::Task<void> run_into(Administered* of, Request request, std::optional<Result<Answer>>* answer) {
    answer->emplace(co_await run(of, std::move(request)));
}

struct Asked : signing::House {
    Administered of;
    net::TaskGroup tasks{*logging, "command"};
    Asked() {
        of.world = logging;
        of.directory = directory.get();
        of.store = store.get();
        of.keys = keys.get();
        of.status = [] { return Answer(); };  // a server runs
    }
};

}  // namespace

TEST_CASE_FIXTURE(Asked, "dkim dns: the last key goes while the DNS is asked") {
    const signing::DkimKey key = create();
    network.zone().set_latency(1s);
    std::optional<Result<Answer>> answer;
    tasks.spawn(run_into(&of, {"dkim.dns", {{"domain", "a.example"}}}, &answer));
    network.run_for(500ms);
    REQUIRE(run(keys->retire(key, logging->now())).has_value());
    CHECK(states().empty());
    network.run_for(1min);
    ASSERT(answer.has_value());
    const auto& result = *answer;
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().fault == Fault::not_found);
    CHECK(result.error().text == "a.example has no keys any more");
}

TEST_CASE_FIXTURE(Asked, "dkim dns: what was absent is seen as soon as it is there, and signs") {
    network.zone().set_absent_ttl(24h);
    const signing::DkimKey key = create();
    const Request request{"dkim.dns", {{"domain", "a.example"}}};
    const auto before = run(admin::run(&of, request));
    REQUIRE(before.has_value());
    CHECK(before->message.contains("not in the DNS"));
    publish(key);
    const auto after = run(admin::run(&of, request));
    REQUIRE(after.has_value());
    CHECK(after->message.contains("active, in the DNS"));
    CHECK(signing() == 1);
}

}  // namespace heliopost::admin
