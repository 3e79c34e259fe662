#include "reports/received.h"

#include <algorithm>
#include <array>
#include <utility>

#include "reports/received_record.h"
#include "store/tuple.h"

namespace heliopost::reports {
namespace {

constexpr std::size_t rows_a_page = 100;  // of 90 kB at most

}  // namespace

std::string_view name_of(Taken taken) {
    constexpr std::array<std::string_view, 3> names{"kept", "known already", "not about a domain of ours"};
    return names.at(static_cast<std::size_t>(taken));
}

// Ours, or below one of ours.
bool Received::is_ours(std::string_view domain) const {
    while (!domain.empty()) {
        if (directory_.is_local_domain(std::string(domain))) return true;
        const auto dot = domain.find('.');
        if (dot == std::string_view::npos) return false;
        domain.remove_prefix(dot + 1);
    }
    return false;
}

net::Task<Result<Taken>> Received::keep(feedback::Report report, Time now) {
    if (auto* aggregate = std::get_if<feedback::Aggregate>(&report)) {
        if (!is_ours(aggregate->policy.domain)) co_return Taken::not_ours;
        const std::string id = identity_of(*aggregate);
        const std::string record = encode(ReceivedAggregate{now, std::move(*aggregate), 0});
        co_return co_await put(ReceivedKind::aggregate, id, record);
    }
    feedback::Failure failure = std::get<feedback::Failure>(std::move(report));
    if (std::ranges::none_of(failure.reported_domains, [this](const auto& one) { return is_ours(one); }))
        co_return Taken::not_ours;
    const std::string id = identity_of(failure);
    failure.header.clear();
    const std::string record = encode(ReceivedFailure{now, std::move(failure)});
    co_return co_await put(ReceivedKind::failure, id, record);
}

net::Task<Result<Taken>> Received::put(ReceivedKind kind, std::string id, std::string record) {
    const std::string first = received_key(kind, id, 0);
    const auto known = CO_TRY(co_await store_.get(store::reports_partition, first));
    if (known) co_return Taken::known;
    for (bool room = true;; room = false) {
        store::Batch batch(store::reports_partition);
        batch.assert_equal(first, std::nullopt);
        for (std::size_t at = 0, piece = 0; at < record.size(); at += received_piece_octets, ++piece)
            batch.put(received_key(kind, id, static_cast<std::uint8_t>(piece)),
                      record.substr(at, received_piece_octets));
        batch.add(received_counter(), static_cast<std::int64_t>(record.size()), received_total_octets_max);
        const auto committed = co_await store_.commit(std::move(batch));
        if (committed) co_return Taken::kept;
        if (committed.error().fault == Fault::conflict) co_return Taken::known;
        if (committed.error().fault != Fault::over_quota || !room)
            co_return std::unexpected(committed.error());
        CO_TRY(co_await make_room());
    }
}

net::Task<Result<std::vector<Received::Held>>> Received::list() {
    std::vector<Held> all;
    for (const ReceivedKind kind : {ReceivedKind::aggregate, ReceivedKind::failure}) {
        std::string low = received_prefix(kind);
        const std::string high = store::after_prefix(low);
        for (bool more = true; more;) {
            const auto page = CO_TRY(co_await store_.scan(store::reports_partition, low, high, rows_a_page,
                                                          store::Direction::forward));
            for (const auto& [key, value] : page) {
                const bool first = key.back() == '\0';
                if (first) all.push_back({received_at(value), key.substr(0, key.size() - 1), 0});
                if (!all.empty()) all.back().octets += value.size();
            }
            more = page.size() == rows_a_page;
            if (more) low = page.back().first + '\0';
        }
    }
    co_return all;
}

net::Task<Result<void>> Received::erase(Held held) {
    const std::string first = held.key + '\0';
    const auto value = CO_TRY(co_await store_.get(store::reports_partition, first));
    if (!value) co_return Result<void>();
    store::Batch batch(store::reports_partition);
    batch.assert_equal(first, value);
    batch.erase_range(held.key, store::after_prefix(held.key));
    batch.add(received_counter(), -static_cast<std::int64_t>(held.octets));
    CO_TRY(co_await store_.commit(std::move(batch)));
    co_return Result<void>();
}

// A quarter goes at once, so that not each report walks over all.
net::Task<Result<void>> Received::make_room() {
    auto all = CO_TRY(co_await list());
    std::ranges::sort(all, {}, &Held::at);
    std::uint64_t freed = 0;
    for (const Held& one : all) {
        if (freed >= received_total_octets_max / 4) break;
        freed += one.octets;
        CO_TRY(co_await erase(one));
    }
    co_return Result<void>();
}

net::Task<Result<void>> Received::forget(Time before) {
    const auto all = CO_TRY(co_await list());
    for (const Held& one : all)
        if (one.at < before) CO_TRY(co_await erase(one));
    co_return Result<void>();
}

// The pieces of one record lie together.
net::Task<Result<void>> Received::each(ReceivedKind kind, std::function<void(const std::string&)> take) {
    std::string low = received_prefix(kind);
    const std::string high = store::after_prefix(low);
    std::string key, record;
    for (bool more = true; more;) {
        const auto page = CO_TRY(co_await store_.scan(store::reports_partition, low, high, rows_a_page,
                                                      store::Direction::forward));
        for (const auto& [at, value] : page) {
            const auto of = std::string_view(at).substr(0, at.size() - 1);
            if (of != key && !record.empty()) take(std::exchange(record, {}));
            key = of;
            record += value;
        }
        more = page.size() == rows_a_page;
        if (more) low = page.back().first + '\0';
    }
    if (!record.empty()) take(record);
    co_return Result<void>();
}

net::Task<Result<void>> Received::each_aggregate(std::function<void(const ReceivedAggregate&)> take) {
    co_return co_await each(ReceivedKind::aggregate, [take = std::move(take)](const std::string& record) {
        if (const auto read = decode_received_aggregate(record)) take(*read);
    });
}

net::Task<Result<void>> Received::each_failure(std::function<void(const ReceivedFailure&)> take) {
    co_return co_await each(ReceivedKind::failure, [take = std::move(take)](const std::string& record) {
        if (const auto read = decode_received_failure(record)) take(*read);
    });
}

}  // namespace heliopost::reports
