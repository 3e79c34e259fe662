#include "signing/life.h"

#include <algorithm>

#include "checks/dkim/verify.h"
#include "signing/zone_line.h"

namespace heliopost::signing {
namespace {

using Seen = Look::Seen;
using State = DkimKey::State;

bool is_same(const dkim::KeyRecord& record, const DkimKey& key) {
    const bool rsa = key.algorithm == DkimKey::Algorithm::rsa2048;
    return record.type == (rsa ? dkim::KeyType::rsa : dkim::KeyType::ed25519) && record.key == key.public_key;
}

}  // namespace

net::Task<Look> look_for(net::World* world, DkimKey key) {
    net::DnsBudget dns(world->resolver().anew(), world->after(look_time_max));
    const dkim_check::Keys found = co_await dkim_check::find_keys(&dns, key.selector, key.domain);
    if (found.records.empty()) {
        const bool silent = found.verdict == dkim_check::Verdict::temp_error;
        if (silent) co_return Look{Seen::unknown, "the DNS does not answer"};
        co_return Look{Seen::no, "not in the DNS"};
    }
    if (found.records.size() > 1)
        co_return Look{Seen::other, "several records stand at its name: leave one"};  // RFC 6376 §3.6.2.2
    if (!is_same(found.records.front(), key)) co_return Look{Seen::other, "another key stands at its name"};
    co_return Look{Seen::yes, "in the DNS"};
}

net::Task<Result<std::size_t>> activate_seen(net::World* world, Keys* keys, std::string domain) {
    std::size_t count = 0;
    const auto known = keys->snapshot();
    const auto at = known->domains.find(domain);
    if (at == known->domains.end()) co_return count;
    for (const KeyInUse& key : at->second) {
        if (key.row.state != State::made || key.opened == nullptr) continue;
        const Look look = co_await look_for(world, key.row);
        if (look.seen != Seen::yes) continue;
        CO_TRY(co_await keys->activate(key.row, world->now()));
        ++count;
    }
    co_return count;
}

net::Task<Result<void>> Caretaker::round() {
    const auto known = keys_->snapshot();
    for (const auto& [domain, keys] : known->domains) {
        if (!directory_->is_local_domain(domain)) {
            std::vector<DkimKey> rows;
            for (const KeyInUse& key : keys) rows.push_back(key.row);
            CO_TRY(co_await keys_->forget(std::move(rows)));
            continue;
        }
        for (const KeyInUse& key : keys) {
            const auto done = co_await look_after(key.row, known->settings.get());
            if (done) continue;
            if (done.error().fault == Fault::internal) co_return done;  // the store
            // Somebody else was faster: the next round sees what they did. What keeps one domain's keys from
            // being made is no reason to leave those of the others alone.
            if (done.error().fault != Fault::conflict)
                world_->log().warning(
                    "dkim: a key cannot be looked after",
                    {{"domain", domain}, {"selector", key.row.selector}, {"reason", done.error().text}});
        }
    }
    co_return Result<void>();
}

net::Task<Result<void>> Caretaker::look_after(DkimKey key, const Settings* settings) {
    const auto age = world_->now() - key.since;
    switch (key.state) {
        case State::made: {
            const Look look = co_await look_for(world_, key);
            if (look.seen != Seen::yes) {
                remind(key, look);
                co_return Result<void>();
            }
            const auto known = keys_->snapshot();
            const KeyInUse* now = known->find(key.domain, key.selector);
            if (now == nullptr || now->row != key || now->opened == nullptr) co_return Result<void>();
            co_return co_await keys_->activate(std::move(key), world_->now());
        }
        case State::active:
            if (settings->rotate_after.count() == 0 || age < settings->rotate_after) co_return Result<void>();
            co_return co_await rotate(std::move(key));
        case State::retiring:
            if (age < settings->overlap) co_return Result<void>();
            co_return co_await keys_->end_retiring(std::move(key), world_->now());
        case State::retired: {
            const Look look = co_await look_for(world_, key);
            if (look.seen == Seen::yes || look.seen == Seen::unknown) co_return Result<void>();
            std::vector<DkimKey> gone;
            gone.push_back(std::move(key));
            co_return co_await keys_->forget(std::move(gone));
        }
    }
    co_return Result<void>();
}

net::Task<Result<void>> Caretaker::rotate(DkimKey key) {
    const auto made = co_await keys_->create(world_, key.domain, key.algorithm);
    if (!made && made.error().fault == Fault::exists) co_return Result<void>();  // it waits for its record
    if (!made) co_return std::unexpected(made.error());
    remind(*made, {Seen::no, "made in place of " + key.selector});
    co_return Result<void>();
}

void Caretaker::remind(const DkimKey& key, const Look& look) {
    const std::string name = record_name(key);
    const auto [at, fresh] = reminded_.emplace(name, world_->tick());
    if (!fresh && world_->tick() < at->second + remind_interval) return;
    at->second = world_->tick();
    world_->log().warning("dkim: a key waits for its DNS record",
                          {{"name", name}, {"found", look.words}, {"record", record_text(key)}});
}

}  // namespace heliopost::signing
