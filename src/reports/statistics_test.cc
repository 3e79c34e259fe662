#include "reports/statistics.h"

#include <doctest/doctest.h>

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
    Statistics again(*store, world->log());
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

}  // namespace heliopost::reports
