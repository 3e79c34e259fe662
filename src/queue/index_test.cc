#include "queue/index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace heliopost::queue {
namespace {

Time at(int seconds) {
    return Time(std::chrono::seconds(seconds));
}

// What the index should do, in the simplest way: every row is looked at every time.
struct Model {
    struct Row {
        std::string destination;
        State state = State::pending;
        Time next{};
        bool leased = false;
    };
    std::map<QueueId, std::vector<Row>> entries;

    std::optional<Time> next_due() const {
        std::optional<Time> next;
        for (const auto& [id, rows] : entries)
            for (const Row& row : rows)
                if (row.state == State::pending && !row.leased && (!next || row.next < *next))
                    next = row.next;
        return next;
    }
    std::set<std::pair<QueueId, std::uint32_t>> due(Time now) const {
        std::set<std::pair<QueueId, std::uint32_t>> all;
        for (const auto& [id, rows] : entries)
            for (std::uint32_t i = 0; i < rows.size(); ++i)
                if (rows[i].state == State::pending && !rows[i].leased && rows[i].next <= now)
                    all.emplace(id, i);
        return all;
    }
};

struct Run {
    std::mt19937_64 random;
    Index index{[](const Recipient& recipient) { return recipient.domain; }};
    Model model;
    std::vector<Taken> leases;
    std::uint64_t last_id = 0;
    int now = 1'000;

    explicit Run(std::uint64_t seed) : random(seed) {}
    std::uint64_t below(std::uint64_t bound) { return random() % bound; }

    void add() {
        std::vector<Recipient> recipients;
        std::vector<Model::Row> rows;
        for (std::uint64_t i = 0, count = 1 + below(6); i < count; ++i) {
            Recipient recipient;
            recipient.index = static_cast<std::uint32_t>(i);
            recipient.domain = "d" + std::to_string(below(5)) + ".example";
            recipient.state = below(5) == 0 ? State::held : State::pending;
            recipient.next_attempt = at(now + static_cast<int>(below(100)) - 50);
            rows.push_back({recipient.domain, recipient.state, recipient.next_attempt, false});
            recipients.push_back(std::move(recipient));
        }
        const QueueId id(++last_id);
        index.add(id, recipients);
        model.entries[id] = rows;
    }
    void take() {
        DueQuery query;
        query.now = at(now);
        query.leases = 1 + below(5);
        query.recipients = 1 + below(3);
        const auto due = model.due(query.now);
        const std::vector<Taken> taken = index.take(query);
        CHECK(taken.empty() == due.empty());
        for (const Taken& one : taken) {
            CHECK(one.recipients.size() <= query.recipients);
            for (const std::uint32_t recipient : one.recipients) {
                CHECK(due.contains({one.id, recipient}));
                Model::Row& row = model.entries.at(one.id).at(recipient);
                CHECK_FALSE(row.leased);  // two leases never overlap
                CHECK(row.destination == one.destination);
                row.leased = true;
            }
            leases.push_back(one);
        }
    }
    void end_lease() {
        if (leases.empty()) return;
        const std::size_t which = below(leases.size());
        const Taken lease = leases[which];
        leases.erase(leases.begin() + static_cast<std::ptrdiff_t>(which));
        if (!model.entries.contains(lease.id)) return;
        std::vector<IndexRow> rows;
        for (const std::uint32_t recipient : lease.recipients) {
            Model::Row& row = model.entries.at(lease.id).at(recipient);
            row.leased = false;
            if (below(4) == 0) continue;  // given back as it was
            row.state = static_cast<State>(1 + below(5));
            row.next = at(now + static_cast<int>(below(60)));
            rows.push_back({recipient, row.state, row.next});
        }
        index.update(lease.id, rows);
        index.give_back(lease.id, lease.recipients);
        const auto& all = model.entries.at(lease.id);
        const bool final =
            std::ranges::all_of(all, [](const Model::Row& row) { return is_final(row.state); });
        CHECK(index.all_final(lease.id) == final);
        if (!final) return;
        index.erase(lease.id);
        model.entries.erase(lease.id);
    }
    void check() const {
        CHECK(index.next_due() == model.next_due());
        Counts counts;
        counts.entries = model.entries.size();
        for (const auto& [id, rows] : model.entries) {
            CHECK(index.recipients(id).size() == rows.size());
            for (const Model::Row& row : rows) {
                counts.pending += row.state == State::pending ? 1U : 0U;
                counts.held += row.state == State::held ? 1U : 0U;
                counts.leased += row.leased ? 1U : 0U;
            }
        }
        const Counts got = index.counts();
        CHECK(got.entries == counts.entries);
        CHECK(got.pending == counts.pending);
        CHECK(got.held == counts.held);
        CHECK(got.leased == counts.leased);
    }
    void set_clock_back() {
        now -= static_cast<int>(below(60));
        const Time latest = at(now + static_cast<int>(below(30)));
        index.not_later_than(latest);
        for (auto& [id, rows] : model.entries)
            for (Model::Row& row : rows) row.next = std::min(row.next, latest);
    }
    // An index made of the rows alone is due for the same, once the old one has its leases back.
    void rebuild() {
        for (const Taken& lease : leases) index.give_back(lease.id, lease.recipients);
        leases.clear();
        Index fresh([](const Recipient& recipient) { return recipient.domain; });
        for (auto& [id, rows] : model.entries) {
            std::vector<Recipient> recipients;
            for (Model::Row& row : rows) {
                row.leased = false;
                Recipient recipient;
                recipient.index = static_cast<std::uint32_t>(recipients.size());
                recipient.domain = row.destination;
                recipient.state = row.state;
                recipient.next_attempt = row.next;
                recipients.push_back(std::move(recipient));
            }
            fresh.add(id, recipients);
        }
        CHECK(fresh.rows() == index.rows());
        CHECK(fresh.next_due() == index.next_due());
        index = std::move(fresh);
    }
};

}  // namespace

TEST_CASE("index: among many destinations that are due, no more are looked at than there is room for") {
    Index index([](const Recipient& recipient) { return recipient.domain; });
    std::vector<Recipient> recipients(1'000);
    for (std::uint32_t i = 0; i < recipients.size(); ++i) {
        recipients[i].index = i;
        recipients[i].domain = "d" + std::to_string(i) + ".example";
    }
    index.add(QueueId(1), recipients);
    CHECK(index.counts().rows == 1'000);
    int asked = 0;
    int room = 5;
    DueQuery query;
    query.now = at(1);
    query.leases = 3;
    query.may_start = [&](std::string_view) {
        ++asked;
        return room-- > 0;
    };
    query.full = [&] { return room <= 0; };
    CHECK(index.take(query).size() == 3);
    CHECK(asked == 3);
    CHECK(index.take(query).size() == 2);
    CHECK(asked == 5);
    CHECK(index.take(query).empty());
    CHECK(asked == 5);
    index.erase(QueueId(1));
    CHECK(index.counts().rows == 0);
}

TEST_CASE("index: agrees with a model over random steps, and with one rebuilt from the rows") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        Run run(seed);
        for (int step = 0; step < 1'000; ++step) {
            switch (run.below(9)) {
                case 0:
                case 1:
                    run.add();
                    break;
                case 2:
                case 3:
                case 4:
                    run.take();
                    break;
                case 5:
                case 6:
                    run.end_lease();
                    break;
                case 7:
                    run.set_clock_back();
                    break;
                default:
                    run.now += static_cast<int>(run.below(30));
                    break;
            }
            run.check();
            if (step % 250 == 249) run.rebuild();
        }
        while (!run.leases.empty()) run.end_lease();
        run.check();
    }
}

}  // namespace heliopost::queue
