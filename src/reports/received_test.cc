#include "reports/received.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "net/task_group.h"
#include "proto/feedback/unpack.h"
#include "reports/inbox.h"
#include "reports/received_record.h"
#include "reports/summary.h"
#include "reports/test_reports.h"

namespace heliopost::reports {
namespace {

struct TestReceived : TestReports {
    Received received{*store, *directory};

    static feedback::Aggregate report(const std::string& id, std::size_t rows = 1) {
        feedback::Aggregate out;
        out.org_name = "Other";
        out.report_id = id;
        out.begin = 1'700'000'000;
        out.end = 1'700'086'399;
        out.policy.domain = "a.example";
        out.policy.p = "none";
        for (std::size_t i = 0; i < rows; ++i) {
            out.rows.push_back(row("192.0.2." + std::to_string(i)));
            out.rows.back().count = i + 1;
        }
        return out;
    }
    Taken keep(feedback::Report one) {
        const auto taken = run(received.keep(std::move(one), world->now()));
        REQUIRE(taken.has_value());
        return *taken;
    }
    std::vector<ReceivedAggregate> all() {
        std::vector<ReceivedAggregate> out;
        REQUIRE(run(received.each_aggregate([&](const auto& one) { out.push_back(one); })).has_value());
        return out;
    }
    std::vector<ReceivedFailure> failures() {
        std::vector<ReceivedFailure> out;
        REQUIRE(run(received.each_failure([&](const auto& one) { out.push_back(one); })).has_value());
        return out;
    }
    std::uint64_t octets() {
        return run(store->counter(store::reports_partition, received_counter())).value();
    }
};

std::string octets_of(const std::filesystem::path& file) {
    std::stringstream octets;
    octets << std::ifstream(file, std::ios::binary).rdbuf();
    return octets.str();
}

}  // namespace

TEST_CASE_FIXTURE(TestReceived, "received: a report is kept once, and only about our domains") {
    CHECK(keep(report("one", 3)) == Taken::kept);
    CHECK(keep(report("one", 3)) == Taken::known);
    CHECK(keep(report("two")) == Taken::kept);
    auto below = report("one");
    below.policy.domain = "news.a.example";
    CHECK(keep(below) == Taken::kept);
    auto stranger = report("three");
    stranger.policy.domain = "ba.example";
    CHECK(keep(stranger) == Taken::not_ours);
    stranger.policy.domain = "";
    CHECK(keep(stranger) == Taken::not_ours);
    const auto kept = all();
    REQUIRE(kept.size() == 3);
    for (const ReceivedAggregate& one : kept) {
        CHECK(unix_milliseconds(one.at) > 0);
        if (one.report.rows.size() == 3) CHECK(one.report.rows == report("one", 3).rows);
        CHECK(one.report.org_name == "Other");
        CHECK(one.report.end == 1'700'086'399);
    }
    for (const auto& [key, value] : rows_between("", "")) CHECK_FALSE(check_row(key, value).has_value());
}

TEST_CASE_FIXTURE(TestReceived, "received: failure reports, by the domain that they are about") {
    feedback::Failure failure;
    failure.user_agent = "Other/1.0";
    failure.source_ip = "192.0.2.9";
    failure.auth_failure = "dmarc";
    failure.reported_domains = {"a.example"};
    failure.header = "Subject: secret\r\n";
    CHECK(keep(failure) == Taken::kept);
    CHECK(keep(failure) == Taken::known);
    feedback::Failure stranger = failure;
    stranger.reported_domains = {"b.example"};
    CHECK(keep(stranger) == Taken::not_ours);
    const auto kept = failures();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].report.source_ip == "192.0.2.9");
    CHECK(kept[0].report.reported_domains == failure.reported_domains);
    CHECK(kept[0].report.header.empty());
}

TEST_CASE_FIXTURE(TestReceived, "received: what is old goes, and what is too much") {
    keep(report("one", 2'000));  // several pieces
    CHECK(all().at(0).report.rows.size() == 2'000);
    network.run_for(std::chrono::hours(24));
    const Time second = world->now();
    keep(report("two"));
    const auto before = octets();
    REQUIRE(run(received.forget(second)).has_value());
    REQUIRE(all().size() == 1);
    CHECK(all()[0].report.report_id == "two");
    CHECK(octets() < before);

    // Rows past received_octets_max are counted.
    const std::string large = encode(ReceivedAggregate{world->now(), report("large", 40'000), 0});
    CHECK(large.size() <= received_octets_max);
    const auto read = decode_received_aggregate(large);
    REQUIRE(read.has_value());
    CHECK(read->report.rows.size() < 40'000);
    std::uint64_t messages = read->left_out;
    for (const feedback::Row& one : read->report.rows) messages += one.count;
    CHECK(messages == std::uint64_t{40'000} * 40'001 / 2);

    // Past received_total_octets_max the oldest go.
    store::Batch batch(store::reports_partition);
    batch.add(received_counter(), static_cast<std::int64_t>(received_total_octets_max - octets()));
    REQUIRE(run(store->commit(std::move(batch))).has_value());
    network.run_for(std::chrono::hours(1));
    CHECK(keep(report("six")) == Taken::kept);
    REQUIRE(all().size() == 1);
    CHECK(all()[0].report.report_id == "six");
}

TEST_CASE("summary: by domain and address, the most messages first") {
    Summary summary({"a.example", 1'700'000'000});
    auto one = TestReceived::report("one", 2);
    one.rows[0].dkim = "pass";
    one.rows[0].disposition = "none";
    summary.add({Time{}, one, 0});
    one.org_name = "Third";
    one.rows[1].disposition = "quarantine";
    summary.add({Time{}, one, 0});
    one.policy.domain = "b.example";
    summary.add({Time{}, one, 0});
    one.policy.domain = "a.example";
    one.end = 1'600'000'000;
    summary.add({Time{}, one, 0});
    CHECK(summary.reports() == 2);
    const auto sources = summary.sources();
    REQUIRE(sources.size() == 2);
    CHECK(sources[0].source == "192.0.2.1");
    CHECK(sources[0].messages == 4);
    CHECK(sources[0].passed == 0);
    CHECK(sources[0].rejected == 2);
    CHECK(sources[0].quarantined == 2);
    CHECK(sources[1].messages == 2);
    CHECK(sources[1].passed == 2);
    CHECK(sources[1].dkim_passed == 2);
    CHECK(sources[1].spf_passed == 0);
    CHECK(sources[1].delivered == 2);
    CHECK(sources[1].reporters == std::map<std::string, std::uint64_t>{{"Other", 1}, {"Third", 1}});

    Summary loud({});
    for (std::size_t i = 0; i < reporters_max + 5; ++i) {
        auto other = TestReceived::report("other");
        other.org_name = "Reporter " + std::to_string(i);
        loud.add({Time{}, other, 0});
    }
    REQUIRE(loud.sources().size() == 1);
    CHECK(loud.sources()[0].reporters.size() == reporters_max + 1);
    CHECK(loud.sources()[0].reporters.at("others") == 5);

    Summary full({});
    auto many = TestReceived::report("many");
    for (std::size_t i = 0; i < sources_max + 5; ++i)
        many.rows.push_back(TestReceived::row(std::to_string(i)));
    for (feedback::Row& row : many.rows) row.count = 1;
    full.add({Time{}, many, 0});
    std::uint64_t messages = 0;
    for (const SourceSummary& source : full.sources()) messages += source.messages;
    CHECK(full.sources().size() == sources_max + 1);
    CHECK(messages == many.rows.size());

    Summary endless({});
    auto liar = TestReceived::report("liar");
    liar.rows.resize(1);
    liar.rows[0].count = UINT64_MAX;
    for (int i = 0; i < 2; ++i) endless.add({Time{}, liar, 0});
    REQUIRE(endless.sources().size() == 1);
    CHECK(endless.sources()[0].messages == UINT64_MAX);
    CHECK(endless.sources()[0].reporters.begin()->second == UINT64_MAX);
}

TEST_CASE_FIXTURE(TestReceived, "inbox: a message that was delivered is read, a broken one is told") {
    Inbox inbox(*world, *store, received, {"Reports@A.example"});
    CHECK(inbox.takes({"reports", "a.example"}));
    CHECK_FALSE(inbox.takes({"ann", "a.example"}));
    add_account("reports@a.example");
    net::TaskGroup tasks(*world, "inbox");
    tasks.spawn(inbox.run());
    const std::string packed = feedback::pack(feedback::write_aggregate(report("by mail", 2)));
    const std::string text = compose({"Other", "x@b.example", "mx.b.example"}, report("by mail", 2),
                                     {world->now(), {"reports", "a.example"}, "id@b.example", "=_b"}, packed);
    for (const std::string& octets : {std::string("Subject: none\r\n\r\nhello\r\n"), text, text}) {
        REQUIRE(receive({"reports@a.example"}, octets).has_value());
        const auto view = view_of(run(directory->account("reports@a.example")).value().id);
        inbox.offer(email(run(directory->account("reports@a.example")).value().id, view->size() - 1)->blob);
        network.run_for(std::chrono::seconds(1));
    }
    const auto kept = all();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].report.rows.size() == 2);
    std::string said;
    for (const std::string& line : world->log_lines())
        if (line.contains("event=report.")) said += line.substr(line.find("event=report.")) + "\n";
    CHECK(said.contains("report.not_read"));
    CHECK(said.contains("known already"));
    for (std::size_t i = 0; i < inbox_waiting_max + 5; ++i) inbox.offer({});
    tasks.stop();
    network.finish_turns();
}

TEST_CASE_FIXTURE(TestReceived, "received: reports of real senders, counted") {
    const std::filesystem::path root = HELIOPOST_SHARED_DATA;
    if (!std::filesystem::exists(root / "parsedmarc/aggregate")) {
        MESSAGE("skipped: ../shared/data/parsedmarc is not there");
        return;
    }
    std::size_t kept = 0, known = 0, broken = 0;
    std::uint64_t messages = 0;
    Summary summary({});
    for (const char* folder : {"parsedmarc/aggregate", "mail-auth/dmarc-feedback"})
        for (const auto& file : std::filesystem::directory_iterator(root / folder)) {
            if (file.path().extension() == ".json") continue;
            auto one = feedback::read_any(octets_of(file.path()));
            if (!one || !std::holds_alternative<feedback::Aggregate>(*one)) {
                ++broken;
                continue;
            }
            const auto aggregate = std::get<feedback::Aggregate>(*one);
            const bool added = run(directory->add_domain(aggregate.policy.domain)).has_value();
            CHECK((added || directory->is_local_domain(aggregate.policy.domain)));
            const Taken taken = keep(std::move(*one));
            if (taken == Taken::known) ++known;
            if (taken != Taken::kept) continue;
            ++kept;
            for (const feedback::Row& row : aggregate.rows) messages += row.count;
        }
    for (const ReceivedAggregate& one : all()) summary.add(one);
    std::uint64_t told = 0;
    for (const SourceSummary& source : summary.sources()) told += source.messages;
    CHECK(told == messages);
    CHECK(summary.reports() == kept);
    CHECK(kept >= 20);
    MESSAGE("counted: DMARC reports into the store: " << kept << " reports about " << messages
                                                      << " messages, " << known << " twice, " << broken
                                                      << " that are none");
}

}  // namespace heliopost::reports
