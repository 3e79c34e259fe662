#include "reports/statistics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "net/task_group.h"
#include "reports/test_reports.h"

namespace heliopost::reports {
namespace {

message_check::Verdicts failed_verdicts() {
    message_check::Verdicts out;
    out.dmarc.verdict = dmarc_check::Verdict::fail;
    out.dmarc.author.domain = "news.good.example";
    out.dmarc.policy_domain = "good.example";
    out.dmarc.record = dmarc::parse_record("v=DMARC1; p=reject; rua=mailto:x@good.example").value();
    out.dmarc.policy = dmarc::Policy::reject;
    out.spf.verdict = spf_check::Verdict::soft_fail;
    out.spf_domain = "bulk.example";
    for (int i = 0; i < 9; ++i) {
        dkim_check::SignatureVerdict one;
        one.verdict = dkim_check::Verdict::pass;
        one.domain = std::string(1'000, 'd');
        one.selector = "s" + std::to_string(i);
        out.dkim.push_back(std::move(one));
    }
    return out;
}

dmarc::Record& record_of(message_check::Verdicts& verdicts) {
    auto& record = verdicts.dmarc.record;
    ASSERT(record.has_value());
    return *record;
}

message_check::Client from_client() {
    return {boost::asio::ip::make_address("192.0.2.9"), "client.example", {"x", "bulk.example"}};
}

}  // namespace

TEST_CASE("counted: a message as the report tells it") {
    using dmarc::Policy;
    const auto verdicts = failed_verdicts();
    const auto one = counted(verdicts, from_client(), Policy::reject, true);
    ASSERT(one.has_value());
    CHECK(one->domain == "good.example");
    CHECK(dmarc::parse_record(one->policy).value() == verdicts.dmarc.record);
    const feedback::Row& row = one->row;
    CHECK(row.source_ip == "192.0.2.9");
    CHECK(row.disposition == "reject");
    CHECK(row.dkim == "fail");
    CHECK(row.spf == "fail");
    CHECK(row.reasons.empty());
    CHECK(row.header_from == "news.good.example");
    CHECK(row.envelope_from == "bulk.example");
    REQUIRE(row.dkim_results.size() == row_signatures_max);
    CHECK(row.dkim_results[0].domain.size() == row_text_octets_max);
    CHECK(row.dkim_results[4].selector == "s4");
    REQUIRE(row.spf_results.size() == 1);
    CHECK(row.spf_results[0] == feedback::AuthResult{"bulk.example", "", "mfrom", "softfail", ""});
}

TEST_CASE("counted: of a record no more than policy_octets_max is kept") {
    auto verdicts = failed_verdicts();
    auto& to = record_of(verdicts).aggregate_to;
    REQUIRE_FALSE(to.empty());
    while (to.size() < 400) to.push_back(to.front());
    const auto one = counted(verdicts, from_client(), dmarc::Policy::none, true);
    ASSERT(one.has_value());
    CHECK(one->policy.size() == policy_octets_max);
}

TEST_CASE("counted: why a message was not treated as asked, and what is not counted") {
    using dmarc::Policy;
    const auto reason = [](auto change, bool enforced = true) {
        auto verdicts = failed_verdicts();
        change(verdicts);
        const auto one = counted(verdicts, from_client(), Policy::none, enforced);
        ASSERT(one.has_value());
        return one->row.disposition + " " + (one->row.reasons.empty() ? "" : one->row.reasons[0].type);
    };
    CHECK(reason([](auto&) {}, false) == "none local_policy");
    CHECK(reason([](auto& v) { v.excused = {"trusted_forwarder", "sealed by b.example"}; }) ==
          "none trusted_forwarder");
    CHECK(reason([](auto& v) { v.dmarc.softened = true; }) == "none sampled_out");
    CHECK(reason([](auto& v) { v.dmarc.softened = record_of(v).testing = true; }) == "none policy_test_mode");
    CHECK(reason([](auto& v) { v.dmarc.verdict = dmarc_check::Verdict::pass; }) == "pass ");

    const auto is_counted = [](auto change) {
        auto verdicts = failed_verdicts();
        auto client = from_client();
        change(verdicts, client);
        return counted(verdicts, client, Policy::none, true).has_value();
    };
    CHECK(is_counted([](auto&, auto&) {}));
    CHECK_FALSE(is_counted([](auto& v, auto&) { record_of(v).aggregate_to.clear(); }));
    CHECK_FALSE(is_counted([](auto& v, auto&) { v.dmarc.record.reset(); }));
    CHECK_FALSE(is_counted([](auto& v, auto&) { v.dmarc.verdict = dmarc_check::Verdict::temp_error; }));
    CHECK_FALSE(is_counted([](auto&, auto& c) { c.reverse_path = {}; }));  // reports about reports
}

TEST_CASE_FIXTURE(TestReports, "statistics: equal messages are one row, over flushes and restarts") {
    count("good.example");
    count("good.example");
    count("good.example", "192.0.2.10");
    count("other.example");
    CHECK(periods().empty());  // nothing is written yet
    flush();
    count("good.example");
    Statistics again(*store, world->log(), suffixes());
    again.count(world->now(), {"good.example", policy("mailto:new@good.example"), row("192.0.2.9")});
    REQUIRE(run(again.flush()).has_value());
    flush();
    const auto all = periods();
    REQUIRE(all.size() == 2);
    const PeriodId id = all[0].first;
    CHECK(id == PeriodId{day_of(world->now()), "good.example"});
    CHECK(all[0].second == Period{policy("mailto:dmarc@good.example"), begin_of(id.day), 5, 2, 0});
    const auto found = rows(id);
    REQUIRE(found.size() == 2);
    CHECK(found[0].count + found[1].count == 5);
    feedback::Row most = found[found[0].count == 4 ? 0 : 1];
    CHECK(most.count == 4);
    most.count = 0;
    CHECK(most == row("192.0.2.9"));
}

TEST_CASE_FIXTURE(TestReports, "statistics: a day ends at midnight UTC") {
    count("good.example");
    network.run_for(std::chrono::hours(24));
    count("good.example");
    flush();
    const auto all = periods();
    REQUIRE(all.size() == 2);
    CHECK(all[0].first.day + 1 == all[1].first.day);
    CHECK(all[1].second.begin == all[0].second.begin + day_seconds);
}

TEST_CASE_FIXTURE(TestReports, "statistics: past the limits messages are counted without a row") {
    for (std::uint32_t i = 0; i < period_rows_max + 7; ++i)
        count("good.example", "source-" + std::to_string(i));
    flush();
    count("good.example", "one more");
    count("good.example", "source-1");
    flush();
    auto all = periods();
    REQUIRE(all.size() == 1);
    CHECK(all[0].second.messages == period_rows_max + 9);
    CHECK(all[0].second.rows == period_rows_max);
    CHECK(all[0].second.left_out == 8);

    const Day today = day_of(world->now());
    store::Batch batch(store::reports_partition);
    batch.put(day_key(today), encode(DayCount{day_domains_max, 0}));
    REQUIRE(run(store->commit(std::move(batch))).has_value());
    count("late.example");
    count("good.example", "source-1");
    flush();
    all = periods();
    REQUIRE(all.size() == 1);
    CHECK(all[0].second.messages == period_rows_max + 10);
    const auto day = run(store->get(store::reports_partition, day_key(today)));
    ASSERT(day.has_value());
    CHECK(decode_day(day->value_or("")).value() == DayCount{day_domains_max, 1});
}

TEST_CASE_FIXTURE(TestReports, "statistics: memory is bounded between two flushes") {
    const std::size_t domains = pending_rows_max / period_rows_max + 2;
    for (std::size_t d = 0; d < domains; ++d)
        for (std::uint32_t i = 0; i < period_rows_max; ++i)
            count("d" + std::to_string(d) + ".example", "source-" + std::to_string(i));
    flush();
    std::uint64_t messages = 0, rows = 0, left_out = 0;
    for (const auto& [id, period] : periods()) {
        messages += period.messages;
        rows += period.rows;
        left_out += period.left_out;
    }
    CHECK(messages == domains * period_rows_max);
    CHECK(rows == pending_rows_max);
    CHECK(left_out == messages - rows);
}

// A zone with a wildcard has as many names as somebody likes, each of which asks for a report.
TEST_CASE_FIXTURE(TestReports, "statistics: the names below one domain push nobody else's out") {
    const auto stranger = [this](std::uint32_t i) { count("d" + std::to_string(i) + ".stranger.example"); };
    const auto reported = [this](std::string_view domain) {
        const auto all = periods();
        return std::ranges::any_of(all, [&](const auto& one) { return one.first.domain == domain; });
    };
    for (std::uint32_t i = 0; i < day_domains_max + 50; ++i) {
        stranger(i);
        if (i % 90 == 89) flush();  // below the limit of each flush
    }
    count("good.example");
    count("good.co.uk");  // a public suffix is no organisation
    count("other.co.uk");
    flush();
    CHECK(reported("good.example"));
    CHECK(reported("good.co.uk"));
    CHECK(reported("other.co.uk"));
    CHECK(periods().size() == organisation_domains_max + 3);
    CHECK(run(statistics.left_out()).value_or(0) == day_domains_max + 50 - organisation_domains_max);

    // One that is known is counted on, and one that was reported today is still known.
    stranger(0);
    flush();
    REQUIRE(send(Sender::Which::today, "d0.stranger.example").size() == 1);
    CHECK_FALSE(reported("d0.stranger.example"));
    stranger(0);
    stranger(day_domains_max + 51);
    flush();
    CHECK(reported("d0.stranger.example"));
    CHECK(periods().size() == organisation_domains_max + 3);

    network.run_for(std::chrono::hours(24) * (period_days_max + 2));
    send(Sender::Which::past);
    CHECK(run(statistics.left_out()).value_or(9) == 0);
    CHECK(rows_between(organisations_begin(0), organisations_begin(UINT32_MAX)).empty());
}

TEST_CASE_FIXTURE(TestReports, "statistics: the rows of one organisation leave memory for others") {
    for (std::size_t i = 0; i < pending_rows_max + 10; ++i)
        count("d" + std::to_string(i % 3) + ".stranger.example", "source-" + std::to_string(i));
    for (std::size_t i = 0; i < 2 * organisation_domains_max; ++i)
        count("e" + std::to_string(i) + ".stranger.example");
    count("good.example", "one");
    count("good.example", "two");
    flush();
    std::map<std::string, Period> found;
    std::size_t rows = 0;
    for (const auto& [id, period] : periods()) {
        found[id.domain] = period;
        rows += period.rows;
    }
    CHECK(rows == organisation_rows_max + 2);
    CHECK(found.size() == organisation_domains_max + 1);
    CHECK(found["good.example"].rows == 2);
    CHECK(found["good.example"].left_out == 0);
    CHECK(run(statistics.left_out()).value_or(0) == organisation_domains_max + 3);
}

namespace {

net::Task<void> flush_into(Statistics* statistics, Result<void>* result) {
    *result = co_await statistics->flush();
}

}  // namespace

TEST_CASE_FIXTURE(TestReports, "statistics: a store that fails keeps what was counted for the next flush") {
    for (std::uint32_t i = 0; i < period_rows_max + 3; ++i)
        count("good.example", "source-" + std::to_string(i));
    count("other.example");
    disk->set_failing(true);
    for (int i = 0; i < 3; ++i) CHECK_FALSE(run(statistics.flush()).has_value());
    count("other.example");  // and what comes meanwhile
    disk->set_failing(false);
    CHECK(periods().empty());
    flush();
    flush();
    const auto all = periods();
    REQUIRE(all.size() == 2);
    CHECK(all[0].second == Period{policy("mailto:dmarc@good.example"), begin_of(all[0].first.day),
                                  period_rows_max + 3, period_rows_max, 3});
    CHECK(all[1].second.messages == 2);
    REQUIRE(rows(all[1].first).size() == 1);
    CHECK(rows(all[1].first)[0].count == 2);
}

// What was counted without a row comes back without one, but under its record: no report goes out without.
TEST_CASE_FIXTURE(TestReports, "statistics: what has no row keeps its domain's record over a failed flush") {
    for (std::size_t i = 0; i < pending_rows_max; ++i)
        count("d" + std::to_string(i / period_rows_max) + ".s" + std::to_string(i / organisation_rows_max) +
                  ".example",
              "source-" + std::to_string(i));
    count("good.example");
    disk->set_failing(true);
    CHECK_FALSE(run(statistics.flush()).has_value());
    disk->set_failing(false);
    flush();
    const auto all = periods();
    const auto good =
        std::ranges::find_if(all, [](const auto& one) { return one.first.domain == "good.example"; });
    REQUIRE(good != all.end());
    CHECK(good->second.messages == 1);
    CHECK(good->second.left_out == 1);
    CHECK(good->second.policy == policy("mailto:dmarc@good.example"));
}

TEST_CASE_FIXTURE(TestReports, "statistics: a broken record keeps what it is about, and nothing else") {
    store::Batch batch(store::reports_partition);
    batch.put(period_key({day_of(world->now()), "broken.example"}), std::string("\xff\xff"));
    REQUIRE(run(store->commit(std::move(batch))).has_value());
    count("alpha.example");
    count("broken.example");
    count("good.example");
    CHECK(run(statistics.flush()).error().fault == Fault::internal);
    CHECK(rows({day_of(world->now()), "alpha.example"}).size() == 1);
    CHECK(rows({day_of(world->now()), "good.example"}).size() == 1);
    CHECK(rows({day_of(world->now()), "broken.example"}).empty());
}

// Each round one of them is first; a flush that loses twice keeps what it has.
TEST_CASE_FIXTURE(TestReports, "statistics: flushes in each other's way count each message once") {
    constexpr std::uint64_t rivals_max = 6;
    std::vector<std::unique_ptr<Statistics>> rivals;
    std::vector<Result<void>> results(rivals_max);
    net::TaskGroup tasks(*world, "rivals");
    for (std::uint64_t i = 0; i < rivals_max; ++i) {
        rivals.push_back(std::make_unique<Statistics>(*store, world->log(), suffixes()));
        rivals.back()->count(world->now(),
                             {"good.example", policy("mailto:x@good.example"), row("192.0.2.9")});
        tasks.spawn(flush_into(rivals.back().get(), &results[i]));
    }
    network.run_until([&] { return tasks.size() == 0; }, std::chrono::minutes(1));
    const auto lost = std::ranges::count_if(results, [](const Result<void>& one) { return !one; });
    CHECK(lost == rivals_max - 2);  // one wins at once, one at its second try
    for (const auto& one : results) CHECK((one || one.error().fault == Fault::conflict));
    CHECK(periods().front().second.messages == 2);
    for (const auto& one : rivals) REQUIRE(run(one->flush()).has_value());
    for (const auto& one : rivals) REQUIRE(run(one->flush()).has_value());
    CHECK(periods().front().second.messages == rivals_max);
    CHECK(rows(periods().front().first).front().count == rivals_max);
}

TEST_CASE("statistics: a flush that is stopped loses nothing") {
    delivery::TestDelivery host;
    store::MemoryStore slow(*host.world, host.disk,
                            {.read_delay = [] { return std::chrono::microseconds(1'000'000); }});
    Statistics statistics(slow, host.world->log(), TestReports::suffixes());
    statistics.count(host.world->now(), {"good.example", "v=DMARC1; p=none", TestReports::row("192.0.2.9")});
    Result<void> result;
    net::TaskGroup tasks(*host.world, "flush");
    tasks.spawn(flush_into(&statistics, &result));
    host.network.run_for(std::chrono::milliseconds(500));
    tasks.stop();
    host.network.run_until([&] { return tasks.size() == 0; }, std::chrono::minutes(1));
    REQUIRE(host.run(statistics.flush()).has_value());
    const auto periods = host.run(host.store->scan(store::reports_partition, periods_begin(),
                                                   periods_end(UINT32_MAX), 10, store::Direction::forward));
    REQUIRE(periods.has_value());
    REQUIRE(periods->size() == 1);
    CHECK(decode_period(periods->front().second).value().messages == 1);
}

}  // namespace heliopost::reports
