// TestReports: a host that counts and sends reports, for the tests of this folder. Test only.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "delivery/test_world.h"
#include "proto/feedback/report.h"
#include "reports/sender.h"
#include "store/tuple.h"

namespace heliopost::reports {

struct TestReports : delivery::TestDelivery {
    static std::shared_ptr<const dmarc_check::PublicSuffixes> suffixes() {
        static const auto loaded =
            std::make_shared<const dmarc_check::PublicSuffixes>(dmarc_check::PublicSuffixes::load());
        return loaded;
    }
    Statistics statistics{*store, world->log(), suffixes()};
    net::TaskGroup tasks{*world, "reports"};
    std::unique_ptr<Sender> sender;

    TestReports() { restart(); }
    ~TestReports() {
        tasks.stop();
        network.finish_turns();
    }
    void restart() {
        sender = std::make_unique<Sender>(
            *delivering, directory.get(), &statistics,
            SenderOptions{{"Example Mail", "dmarc@a.example", "mx.a.example"}, suffixes(), &tasks});
    }

    static std::string policy(const std::string& rua) { return "v=DMARC1; p=reject; rua=" + rua; }
    static feedback::Row row(const std::string& source) {
        feedback::Row out;
        out.source_ip = source;
        out.disposition = "reject";
        out.dkim = out.spf = "fail";
        out.header_from = "good.example";
        out.envelope_from = "bulk.example";
        out.dkim_results = {{"bulk.example", "s1", "", "pass", ""}};
        out.spf_results = {{"bulk.example", "", "mfrom", "pass", ""}};
        return out;
    }
    void count(const std::string& domain, const std::string& source = "192.0.2.9", std::string text = "") {
        if (text.empty()) text = policy("mailto:dmarc@" + domain);
        statistics.count(world->now(), {domain, std::move(text), row(source)});
    }
    void flush() { require(run(statistics.flush()).has_value()); }
    std::vector<Sent> send(Sender::Which which = Sender::Which::today, const std::string& domain = "") {
        auto sent = run(sender->send(which, domain));
        require(sent.has_value());
        return *std::move(sent);
    }

    std::vector<store::KeyValue> rows_between(std::string low, std::string high) {
        auto rows = run(store->scan(store::reports_partition, std::move(low), std::move(high), 100'000,
                                    store::Direction::forward));
        require(rows.has_value());
        return *std::move(rows);
    }
    std::vector<std::pair<PeriodId, Period>> periods() {
        std::vector<std::pair<PeriodId, Period>> out;
        for (const auto& [key, value] : rows_between(periods_begin(), periods_end(UINT32_MAX)))
            out.emplace_back(parse_period_key(key).value(), decode_period(value).value());
        return out;
    }
    std::vector<feedback::Row> rows(const PeriodId& id) {
        std::vector<feedback::Row> out;
        for (const auto& [key, value] : rows_between(rows_prefix(id), store::after_prefix(rows_prefix(id))))
            out.push_back(decode_row(value).value());
        return out;
    }
    std::string text_of(const queue::Shown& shown) {
        const auto text = run(store->blobs().read(shown.entry->blob.id, 0, store::chunk_octets));
        require(text.has_value());
        return shown.entry->prefix + *text;
    }
    feedback::Aggregate report_in(const std::string& message) {
        auto report = feedback::read_report(message);
        require(report.has_value() && std::holds_alternative<feedback::Aggregate>(*report));
        return std::get<feedback::Aggregate>(*std::move(report));
    }
};

}  // namespace heliopost::reports
