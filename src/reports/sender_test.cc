#include "reports/sender.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "reports/test_reports.h"

namespace heliopost::reports {

using Which = Sender::Which;

TEST_CASE_FIXTURE(TestReports, "sender: a report to whom the domain names, once") {
    for (int i = 0; i < 3; ++i) count("good.example");
    count("good.example", "2001:db8::9");
    const Time before = world->now();
    const auto sent = send();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].to == std::vector<std::string>{"dmarc@good.example"});
    CHECK(sent[0].messages == 4);
    const auto waiting = queued();
    REQUIRE(waiting.size() == 1);
    CHECK(waiting[0].entry->reverse_path.null());
    CHECK(waiting[0].entry->expiry - waiting[0].entry->created == report_expires);
    const std::string text = text_of(waiting[0]);
    CHECK(text.contains("From: \"Example Mail\" <dmarc@a.example>\r\nTo: <dmarc@good.example>\r\n"));
    CHECK(text.contains("Subject: Report Domain: good.example\r\n Submitter: mx.a.example\r\n Report-ID: <"));
    CHECK(text.contains("filename=\"mx.a.example!good.example!"));
    for (const std::string_view line : split(text, '\n')) CHECK(line.size() <= 999);

    const feedback::Aggregate report = report_in(text);
    CHECK(report.org_name == "Example Mail");
    CHECK(report.email == "dmarc@a.example");
    CHECK(report.report_id == sent[0].report_id);
    CHECK(report.begin == static_cast<std::uint64_t>(begin_of(day_of(before))));
    CHECK(report.end >= report.begin);
    CHECK(report.policy.domain == "good.example");
    CHECK(report.policy.p == "reject");
    CHECK(report.policy.discovery_method == "treewalk");
    REQUIRE(report.rows.size() == 2);
    std::vector<std::string> told;
    for (feedback::Row one : report.rows) {
        told.push_back(one.source_ip + "=" + std::to_string(one.count));
        one.count = 0;
        CHECK(one == row(one.source_ip));
    }
    std::ranges::sort(told);
    CHECK(told == std::vector<std::string>{"192.0.2.9=3", "2001:db8::9=1"});

    CHECK(periods().empty());
    CHECK(send().empty());
    restart();
    CHECK(send().empty());
    CHECK(queued().size() == 1);
}

TEST_CASE_FIXTURE(TestReports, "sender: what comes after a report of today is of the next, without a gap") {
    count("good.example");
    network.run_for(std::chrono::hours(1));
    REQUIRE(send().size() == 1);
    const std::uint64_t first_end = report_in(text_of(queued()[0])).end;
    count("good.example", "192.0.2.77");
    network.run_for(std::chrono::hours(1));
    const auto sent = send();
    REQUIRE(sent.size() == 1);
    const auto waiting = queued();
    REQUIRE(waiting.size() == 2);
    const feedback::Aggregate second = report_in(text_of(waiting[1]));
    CHECK(second.begin == first_end + 1);
    REQUIRE(second.rows.size() == 1);
    CHECK(second.rows[0].source_ip == "192.0.2.77");
    CHECK(second.report_id != report_in(text_of(waiting[0])).report_id);
}

TEST_CASE_FIXTURE(TestReports,
                  "sender: a period is due within the day that follows, each domain at its time") {
    for (int i = 0; i < 20; ++i) count("d" + std::to_string(i) + ".example");
    CHECK(send(Which::past).empty());  // the day is not over
    const auto until_midnight =
        std::chrono::seconds(begin_of(day_of(world->now()) + 1)) -
        std::chrono::duration_cast<std::chrono::seconds>(world->now().time_since_epoch());
    network.run_for(until_midnight);
    CHECK(send(Which::due).empty());
    network.run_for(std::chrono::hours(12));
    const auto half = send(Which::due).size();
    CHECK(half > 2);
    CHECK(half < 18);
    restart();
    CHECK(send(Which::due).empty());
    network.run_for(send_spread - std::chrono::hours(12) + send_begin);
    CHECK(send(Which::due).size() == 20 - half);
    CHECK(queued().size() == 20);
}

TEST_CASE_FIXTURE(TestReports, "sender: elsewhere only with consent, and no larger than wanted") {
    auto& zone = network.zone();
    zone.add_txt("good.example._report._dmarc.takes.example", "v=DMARC1");
    count("good.example", "192.0.2.9",
          policy("mailto:r@takes.example,mailto:r@refuses.example,mailto:small@good.example!10"));
    count("stranger.example", "192.0.2.9", policy("mailto:r@refuses.example"));
    const auto sent = send();
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].to == std::vector<std::string>{"r@takes.example"});
    CHECK(sent[0].reason.contains("refuses.example does not take reports about good.example"));
    CHECK(sent[0].reason.contains("small@good.example: the report is larger than it wants"));
    CHECK(sent[1].to.empty());
    CHECK_FALSE(sent[1].waits);
    CHECK(queued().size() == 1);
    CHECK(periods().empty());
}

// Thousands of such names below one dead zone must not keep the reports of others waiting, round after round.
TEST_CASE_FIXTURE(TestReports, "sender: where the DNS does not answer it is not asked in each round") {
    network.zone().set_failing("good.example._report._dmarc.dark.example");
    count("good.example", "192.0.2.9", policy("mailto:r@dark.example"));
    network.run_for(std::chrono::hours(24) + send_begin + send_spread);
    REQUIRE(send(Which::due).size() == 1);
    CHECK(send(Which::due).empty());
    network.run_for(retry_after - std::chrono::minutes(1));
    CHECK(send(Which::due).empty());
    CHECK(send(Which::past).size() == 1);  // who asks for it gets it
    network.run_for(retry_after);
    CHECK(send(Which::due).size() == 1);
}

TEST_CASE_FIXTURE(TestReports, "sender: where the DNS does not answer it is tried again, not for ever") {
    network.zone().set_failing("good.example._report._dmarc.dark.example");
    count("good.example", "192.0.2.9", policy("mailto:r@dark.example"));
    auto sent = send();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].waits);
    CHECK(periods().size() == 1);
    network.run_for(std::chrono::hours(24) * period_days_max);
    sent = send(Which::past);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].waits);
    network.run_for(std::chrono::hours(24));
    sent = send(Which::past);
    REQUIRE(sent.size() == 1);
    CHECK_FALSE(sent[0].waits);
    CHECK(periods().empty());
    CHECK(queued().empty());
}

TEST_CASE_FIXTURE(TestReports, "sender: one domain alone; a broken record stops no other; a local mailbox") {
    const AccountId ann = add_account("ann@a.example");
    count("good.example", "192.0.2.9", policy("mailto:ann@a.example"));
    count("other.example");
    network.zone().add_txt("good.example._report._dmarc.a.example", "v=DMARC1");
    CHECK(send(Which::today, "other.example").size() == 1);
    CHECK(queued().size() == 1);
    store::Batch batch(store::reports_partition);
    batch.put(period_key({day_of(world->now()), "broken.example"}), store::Tuple(std::string("\xff\xff")));
    REQUIRE(run(store->commit(std::move(batch))).has_value());
    const auto sent = send();
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].waits);
    CHECK(sent[1].to == std::vector<std::string>{"ann@a.example"});
    const auto mail = messages(ann);
    REQUIRE(mail.size() == 1);
    CHECK(report_in(mail[0]).rows.size() == 1);
}

TEST_CASE_FIXTURE(TestReports, "sender: what tells of sent reports goes once their day is over") {
    count("good.example");
    send();
    const auto all = [&] { return rows_between("", "").size(); };
    CHECK(all() == 3);  // the day, the organisation, and that it was sent
    network.run_for(std::chrono::hours(24) * (period_days_max + 2));
    send(Which::due);
    CHECK(all() == 0);
}

namespace {

net::Task<void> send_into(Sender* sender, std::optional<Result<std::vector<Sent>>>* sent) {
    sent->emplace(co_await sender->send(Which::today, ""));
}

}  // namespace

TEST_CASE_FIXTURE(TestReports,
                  "sender: a destination that is silent holds up no other, of its domain or of others") {
    auto& zone = network.zone();
    zone.add_txt("good.example._report._dmarc.takes.example", "v=DMARC1");
    zone.set_silent("good.example._report._dmarc.dark.example");
    count("good.example", "192.0.2.9", policy("mailto:r@dark.example,mailto:r@takes.example"));
    // All but one of those that are worked at at once; they come first.
    for (std::size_t i = 0; i + 1 < reports_at_once; ++i) {
        const std::string domain = "a" + std::to_string(i) + ".example";
        zone.set_silent(domain + "._report._dmarc.dark.example");
        count(domain, "192.0.2.9", policy("mailto:r@dark.example"));
    }
    for (int i = 0; i < 50; ++i) count("b" + std::to_string(i) + ".example");
    std::optional<Result<std::vector<Sent>>> sent;
    tasks.spawn(send_into(sender.get(), &sent));
    network.run_for(destination_wait_max / 2);
    CHECK_FALSE(sent.has_value());
    CHECK(queued().size() == 50);
    CHECK_FALSE(run(sender->send(Which::today, "")).has_value());  // one at a time
    network.run_for(2 * destination_wait_max);
    ASSERT(sent.has_value());
    const auto& result = *sent;
    REQUIRE(result.has_value());
    REQUIRE(result->size() == 50 + reports_at_once);
    CHECK(result->back().to == std::vector<std::string>{"r@takes.example"});
    CHECK(result->back().reason == "r@dark.example: dark.example does not answer");
    CHECK(result->front().waits);
    CHECK(queued().size() == 51);
    CHECK(periods().size() == reports_at_once - 1);
}

namespace {

// A domain with two destinations, one of them silent, whose report is tried on the day after.
struct SilentDestination : TestReports {
    static constexpr std::string_view asked = "good.example._report._dmarc.dark.example";
    SilentDestination() {
        network.zone().add_txt("good.example._report._dmarc.takes.example", "v=DMARC1");
        network.zone().set_silent(std::string(asked));
        count("good.example", "192.0.2.9", policy("mailto:r@dark.example,mailto:r@takes.example"));
        flush();
        while (tried.empty()) try_after(send_interval);
    }
    void try_after(std::chrono::minutes wait) {
        network.run_for(wait);
        tried = send(Which::due);
    }
    std::vector<Sent> tried;
};

}  // namespace

TEST_CASE_FIXTURE(SilentDestination, "sender: the others wait for a destination that is silent") {
    CHECK(tried[0].waits);
    CHECK(queued().empty());
    network.zone().set_silent(std::string(asked), false);
    network.zone().add_txt(std::string(asked), "v=DMARC1");
    try_after(retry_after);
    REQUIRE(tried.size() == 1);
    CHECK(tried[0].to == std::vector<std::string>{"r@dark.example", "r@takes.example"});
    CHECK(queued().size() == 2);
}

TEST_CASE_FIXTURE(SilentDestination, "sender: nobody waits for it when the next day is over") {
    const Day next = day_of(world->now());
    for (int tries = 0; tries < 5 && tried[0].waits; ++tries) {
        CHECK(day_of(world->now()) == next);
        try_after(retry_after);
        REQUIRE(tried.size() == 1);
    }
    CHECK(day_of(world->now()) == next + 1);
    CHECK(tried[0].to == std::vector<std::string>{"r@takes.example"});
    CHECK(tried[0].reason == "r@dark.example: dark.example does not answer");
    CHECK(queued().size() == 1);
}

TEST_CASE_FIXTURE(TestReports, "sender: no more than reports_at_once are worked at") {
    for (std::size_t i = 0; i < reports_at_once; ++i) {
        const std::string domain = "a" + std::to_string(i) + ".example";
        network.zone().set_silent(domain + "._report._dmarc.dark.example");
        count(domain, "192.0.2.9", policy("mailto:r@dark.example"));
    }
    count("good.example");
    std::optional<Result<std::vector<Sent>>> sent;
    tasks.spawn(send_into(sender.get(), &sent));
    network.run_for(destination_wait_max / 2);
    CHECK(queued().empty());
    network.run_for(destination_wait_max);
    CHECK(queued().size() == 1);
    CHECK(sent.has_value());
}

TEST_CASE_FIXTURE(TestReports, "sender: who waits may be stopped; what is being sent is sent, once") {
    auto& zone = network.zone();
    zone.add_txt("good.example._report._dmarc.takes.example", "v=DMARC1");
    zone.set_silent("good.example._report._dmarc.dark.example");
    count("good.example", "192.0.2.9", policy("mailto:r@dark.example,mailto:r@takes.example"));
    std::optional<Result<std::vector<Sent>>> sent;
    net::TaskGroup command(*world, "command");
    command.spawn(send_into(sender.get(), &sent));
    network.run_for(destination_wait_max / 2);
    command.stop();
    network.run_until([&] { return command.size() == 0; }, std::chrono::minutes(1));
    CHECK_FALSE(sent.has_value());
    CHECK_FALSE(run(sender->send(Which::today, "")).has_value());  // it is still under way
    network.run_for(destination_wait_max);
    CHECK(queued().size() == 1);
    CHECK(send().empty());
    CHECK(queued().size() == 1);
}

TEST_CASE("aggregate message: a name that is not ASCII, a report that lacks rows") {
    const Reporter by{"Möbel \"AG\"", "dmarc@a.example", "mx.a.example"};
    Period period{"v=DMARC1; p=none; sp=reject; adkim=s; t=y; rua=mailto:x@b.example", 1'700'000'000, 9, 0,
                  9};
    const auto report = make_aggregate(by, {19'675, "b.example"}, period, {}, 1'700'086'400);
    // What is counted late begins where the next day does, and is another report.
    CHECK(report.report_id != make_aggregate(by, {19'676, "b.example"}, period, {}, 1'700'086'400).report_id);
    CHECK(report.end == 1'700'086'399);
    REQUIRE(report.errors.size() == 1);
    CHECK(report.errors[0].starts_with("9 messages more"));
    CHECK(report.policy.sp == "reject");
    CHECK(report.policy.adkim == "s");
    CHECK(report.policy.testing == "y");
    CHECK(file_name(by, report).starts_with("mx.a.example!b.example!1700000000!1700086399!"));
    const std::string text =
        compose(by, report, {Time{}, {"x", "b.example"}, "id@a.example", "=_b"}, "packed");
    CHECK(text.starts_with("From: =?utf-8?B?TcO2YmVsICJBRyI=?= <dmarc@a.example>\r\n"));
    CHECK(is_ascii_text(text));
    CHECK(text.ends_with("--=_b--\r\n"));
}

}  // namespace heliopost::reports
