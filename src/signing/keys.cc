#include "signing/keys.h"

#include <algorithm>

#include "base/text.h"
#include "directory/names.h"

namespace heliopost::signing {
namespace {

constexpr std::size_t page_rows = 1'000;
constexpr unsigned rsa_bits = 2048;  // RFC 8301 §3.2
constexpr unsigned same_day_max = 99;

// What the sealed octets are bound to.
std::string sealed_name(const DkimKey& key) {
    return "dkim key " + key.selector + "._domainkey." + key.domain;
}

bool has_opened(const KeyInUse& key) {
    return key.row.state == DkimKey::State::active && key.opened != nullptr;
}

// The date, and which kind: 20261123r. A second one of a day has a number.
Result<std::string> new_selector(const Snapshot& now, const std::string& domain, DkimKey::Algorithm algorithm,
                                 Time at) {
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(at));
    const auto number = static_cast<unsigned>(static_cast<int>(date.year())) * 10'000 +
                        static_cast<unsigned>(date.month()) * 100 + static_cast<unsigned>(date.day());
    const std::string first = std::to_string(number) + (algorithm == DkimKey::Algorithm::rsa2048 ? 'r' : 'e');
    for (unsigned n = 1; n <= same_day_max; ++n) {
        std::string selector = n == 1 ? first : first + std::to_string(n);
        if (now.find(domain, selector) == nullptr) return selector;
    }
    return fail(Fault::too_large, "too many keys were made today");
}

Result<crypto::PrivateKey> make_key(DkimKey::Algorithm algorithm) {
    return algorithm == DkimKey::Algorithm::rsa2048 ? crypto::PrivateKey::make_rsa(rsa_bits)
                                                    : crypto::PrivateKey::make_ed25519();
}

Result<void> fill(DkimKey& row, const ServerKey& server_key) {
    const crypto::PrivateKey key = TRY(make_key(row.algorithm));
    std::string pem = key.to_pem();
    row.public_key = key.public_octets();
    row.sealed = server_key.seal(sealed_name(row), pem);
    row.server_key = server_key.id();
    wipe(pem);
    return {};
}

DkimKey moved(DkimKey key, DkimKey::State state, Time now) {
    key.state = state;
    key.since = now;
    // What signs no more needs no secret.
    if (state == DkimKey::State::retiring || state == DkimKey::State::retired) key.sealed.clear();
    return key;
}

}  // namespace

const KeyInUse* Snapshot::find(const std::string& domain, const std::string& selector) const {
    const auto at = domains.find(domain);
    if (at == domains.end()) return nullptr;
    const auto key =
        std::ranges::find(at->second, selector, [](const KeyInUse& one) { return one.row.selector; });
    return key == at->second.end() ? nullptr : &*key;
}

std::vector<const KeyInUse*> Snapshot::signing(const std::string& domain) const {
    std::vector<const KeyInUse*> keys;
    const auto at = domains.find(domain);
    if (at == domains.end() || !settings->sign ||
        std::ranges::find(settings->unsigned_domains, domain) != settings->unsigned_domains.end())
        return keys;
    for (const KeyInUse& key : at->second)
        if (has_opened(key)) keys.push_back(&key);
    return keys;
}

const KeyInUse* Snapshot::sealing(const std::string& domain) const {
    const auto at = domains.find(domain);
    if (at == domains.end() || !settings->seal_forwarded) return nullptr;
    for (const KeyInUse& key : at->second)
        if (has_opened(key) && key.row.algorithm == DkimKey::Algorithm::rsa2048) return &key;
    return nullptr;
}

Keys::Keys(store::Store& store, directory::Directory& directory, net::World& world,
           std::string server_key_file)
    : store_(store), directory_(directory), world_(world), server_key_file_(std::move(server_key_file)) {}

std::shared_ptr<const Snapshot> Keys::snapshot() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
}

void Keys::change(Settings settings) {
    const std::lock_guard lock(mutex_);
    auto next = std::make_shared<Snapshot>(*snapshot_);
    next->settings = std::make_shared<const Settings>(std::move(settings));
    snapshot_ = std::move(next);
}

void Keys::find_server_key(bool anything_sealed) {
    server_key_.reset();
    trouble_.clear();
    auto key = ServerKey::read(server_key_file_);
    if (!key && key.error().fault == Fault::not_found && !anything_sealed)
        key = ServerKey::make(server_key_file_);
    if (key) {
        server_key_ = std::make_shared<const ServerKey>(*std::move(key));
        return;
    }
    trouble_ = key.error().text;
    if (key.error().fault == Fault::not_found)
        trouble_ +=
            "; put your copy of it there and run `heliopost reload`; if it is lost, retire the keys that it "
            "sealed (`heliopost dkim retire DOMAIN`) and create new ones";
}

KeyInUse Keys::opened(DkimKey row) const {
    KeyInUse key{std::move(row), nullptr, ""};
    if (key.row.sealed.empty()) return key;
    if (server_key_ == nullptr) {
        key.trouble = trouble_;
        return key;
    }
    if (server_key_->id() != key.row.server_key) {
        key.trouble = "sealed with server key " + key.row.server_key + ", but " + server_key_file_ + " is " +
                      server_key_->id() + ": put the right one there and run `heliopost reload`";
        return key;
    }
    const auto pem = server_key_->open(sealed_name(key.row), key.row.sealed);
    auto read = pem ? crypto::PrivateKey::from_pem(pem->view()) : std::unexpected(pem.error());
    if (!read)
        key.trouble = "its private part cannot be opened: " + read.error().text;
    else
        key.opened = std::make_shared<const crypto::PrivateKey>(*std::move(read));
    return key;
}

net::Task<Result<std::vector<DkimKey>>> read_keys(store::Store* store, const Log* log) {
    std::vector<DkimKey> rows;
    std::string low = directory::dkim_keys_begin();
    for (bool more = true; more;) {
        auto scanned = co_await store->scan(store::directory_partition, low, directory::dkim_keys_end(),
                                            page_rows, store::Direction::forward);
        const std::vector<store::KeyValue> page = CO_TRY(std::move(scanned));
        for (const auto& [key, value] : page) {
            auto row = directory::decode_dkim_key(key, value);
            if (row)
                rows.push_back(*std::move(row));
            else
                log->error("dkim", {{"problem", row.error().text}});
        }
        more = page.size() == page_rows;
        if (more) low = page.back().first + '\0';
    }
    co_return rows;
}

net::Task<Result<void>> Keys::load() {
    for (int round = 0; round < load_rounds_max; ++round) {
        const auto before = snapshot();
        auto rows = CO_TRY(co_await read_keys(&store_, &world_.log()));
        if (take(std::move(rows), before)) co_return Result<void>();
    }
    co_return fail(Fault::temporary, "the keys were changed each time while they were read: try again");
}

// False: what was changed while the rows were read must not be undone by them, or a retired key would sign
// on.
bool Keys::take(std::vector<DkimKey> rows, const std::shared_ptr<const Snapshot>& read_under) {
    const std::lock_guard lock(mutex_);
    if (snapshot_ != read_under) return false;
    find_server_key(std::ranges::any_of(rows, [](const DkimKey& row) { return !row.sealed.empty(); }));
    if (server_key_ == nullptr) world_.log().error("dkim: no server key", {{"reason", trouble_}});
    auto next = std::make_shared<Snapshot>();
    next->settings = snapshot_->settings;
    for (DkimKey& row : rows) {
        KeyInUse key = opened(std::move(row));
        if (!key.trouble.empty() && server_key_ != nullptr)
            world_.log().error(
                "dkim: a key cannot sign",
                {{"domain", key.row.domain}, {"selector", key.row.selector}, {"reason", key.trouble}});
        const std::string domain = key.row.domain;
        next->domains[domain].push_back(std::move(key));
    }
    snapshot_ = std::move(next);
    return true;
}

Result<std::shared_ptr<const ServerKey>> Keys::sealer() {
    const std::lock_guard lock(mutex_);
    if (server_key_ == nullptr) {
        const bool sealed = std::ranges::any_of(snapshot_->domains, [](const auto& domain) {
            return std::ranges::any_of(domain.second,
                                       [](const KeyInUse& key) { return !key.row.sealed.empty(); });
        });
        find_server_key(sealed);
    }
    if (server_key_ == nullptr) return fail(Fault::temporary, trouble_);
    return server_key_;
}

void Keys::publish(const std::vector<Change>& changes) {
    const std::lock_guard lock(mutex_);
    auto next = std::make_shared<Snapshot>(*snapshot_);
    for (const auto& [from, to] : changes) {
        std::vector<KeyInUse>& keys = next->domains[from.domain];
        std::erase_if(keys, [&](const KeyInUse& key) { return key.row.selector == from.selector; });
        if (to) keys.push_back(opened(*to));
        std::ranges::sort(keys, {}, [](const KeyInUse& key) { return key.row.selector; });
        if (keys.empty()) next->domains.erase(from.domain);
    }
    snapshot_ = std::move(next);
}

net::Task<Result<void>> Keys::commit(std::vector<Change> changes) {
    store::Batch batch(store::directory_partition);
    for (const auto& [from, to] : changes) {
        std::string key = directory::dkim_key_key(from.domain, from.selector);
        const bool fresh = to && from == *to;  // how create() says it
        batch.assert_equal(key, fresh ? std::nullopt : std::optional(encode(from)));
        if (to)
            batch.put(std::move(key), encode(*to));
        else
            batch.erase(std::move(key));
    }
    auto committed = co_await store_.commit(std::move(batch));
    if (!committed && committed.error().fault == Fault::conflict)
        co_return fail(Fault::conflict, "somebody else changed the keys at the same time: look again");
    if (!committed) co_return std::unexpected(std::move(committed).error());
    publish(changes);
    co_return Result<void>();
}

net::Task<Result<DkimKey>> Keys::create(net::World* world, std::string domain, DkimKey::Algorithm algorithm) {
    DkimKey row;
    row.domain = CO_TRY(directory::parse_domain(domain));
    if (!directory_.is_local_domain(row.domain))
        co_return fail(Fault::not_found,
                       row.domain + " is no domain of ours: heliopost domain add " + row.domain);
    const auto now = snapshot();
    if (const auto at = now->domains.find(row.domain); at != now->domains.end()) {
        for (const KeyInUse& key : at->second)
            if (key.row.state == DkimKey::State::made && key.row.algorithm == algorithm)
                co_return fail(Fault::exists,
                               "the " + std::string(name_of(algorithm)) + " key " + key.row.selector +
                                   " waits for its record already: heliopost dkim dns " + row.domain);
        if (at->second.size() >= keys_of_domain_max)
            co_return fail(Fault::too_large,
                           "the domain has too many keys: remove the records of retired ones");
    }
    row.algorithm = algorithm;
    row.selector = CO_TRY(new_selector(*now, row.domain, algorithm, world->now()));
    row.created = row.since = world->now();
    const auto server_key = CO_TRY(sealer());
    // An RSA key takes a tenth of a second and more.
    row = CO_TRY(co_await world->on_pool([row, server_key]() -> Result<DkimKey> {
        DkimKey filled = row;
        TRY(fill(filled, *server_key));
        return filled;
    }));
    std::vector<Change> changes;
    changes.emplace_back(row, row);
    CO_TRY(co_await commit(std::move(changes)));
    world_.log().info("dkim.made", {{"domain", row.domain}, {"selector", row.selector}});
    co_return row;
}

net::Task<Result<void>> Keys::activate(DkimKey key, Time now) {
    std::vector<Change> changes;
    changes.emplace_back(key, moved(key, DkimKey::State::active, now));
    const auto known = snapshot();
    if (const auto at = known->domains.find(key.domain); at != known->domains.end())
        for (const KeyInUse& other : at->second)
            if (other.row.state == DkimKey::State::active && other.row.algorithm == key.algorithm)
                changes.emplace_back(other.row, moved(other.row, DkimKey::State::retiring, now));
    CO_TRY(co_await commit(changes));
    for (const auto& [from, to] : changes)
        world_.log().info(from == key ? "dkim.active" : "dkim.retiring",
                          {{"domain", from.domain}, {"selector", from.selector}});
    co_return Result<void>();
}

net::Task<Result<void>> Keys::retire(DkimKey key, Time now) {
    std::vector<Change> changes;
    if (key.state == DkimKey::State::made)
        changes.emplace_back(key, std::nullopt);
    else
        changes.emplace_back(key, moved(key, DkimKey::State::retiring, now));
    CO_TRY(co_await commit(std::move(changes)));
    world_.log().info("dkim.retiring", {{"domain", key.domain}, {"selector", key.selector}});
    co_return Result<void>();
}

net::Task<Result<void>> Keys::end_retiring(DkimKey key, Time now) {
    std::vector<Change> changes;
    changes.emplace_back(key, moved(key, DkimKey::State::retired, now));
    CO_TRY(co_await commit(std::move(changes)));
    world_.log().info("dkim.retired: its DNS record may go",
                      {{"domain", key.domain}, {"selector", key.selector}});
    co_return Result<void>();
}

net::Task<Result<void>> Keys::forget(std::vector<DkimKey> keys) {
    std::vector<Change> changes;
    for (DkimKey& key : keys) changes.emplace_back(std::move(key), std::nullopt);
    CO_TRY(co_await commit(changes));
    for (const auto& [from, to] : changes)
        world_.log().info("dkim.forgotten", {{"domain", from.domain}, {"selector", from.selector}});
    co_return Result<void>();
}

}  // namespace heliopost::signing
