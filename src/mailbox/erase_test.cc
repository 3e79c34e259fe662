// Erasing removed accounts, on both engines.
#include <string>

#include "base/assert.h"
#include "mailbox/core.h"
#include "mailbox/test_account.h"
#include "store/test_engines.h"

namespace heliopost::mailbox {
namespace {

constexpr AccountId ann{7};
constexpr AccountId ben{8};
constexpr std::size_t many = 1'100;  // more than a step takes

template <class Engine>
struct Erasing : Engine {
    using Engine::store;
    using Engine::world;
    ViewCache cache{1 << 20};
    std::unique_ptr<Accounts> accounts;

    Erasing() {
        for (const AccountId id : {ann, ben}) {
            store::Batch batch(store::account_partition(id));
            Accounts::create(batch, world.now());
            REQUIRE(run(store->commit(std::move(batch))).has_value());
        }
        accounts = make_accounts(*store, {&world}, {});
    }
    ~Erasing() { close(); }

    template <class T>
    T run(net::Task<T> task) {
        return world.run(std::move(task));
    }
    net::Task<Result<void>> stopped() {
        co_await accounts->stop();
        co_return Result<void>();
    }
    void close() {
        if (accounts) (void)run(stopped());
        accounts.reset();
    }
    // As after a crash: only what was committed is there.
    void restart() {
        close();
        this->reopen();
        accounts = make_accounts(*store, {&world}, {});
    }

    store::StagedBlob stage(const std::string& text) {
        const auto writer = store->blobs().writer(1U << 20);
        REQUIRE(run(writer->append(text)).has_value());
        auto blob = run(writer->finish());
        REQUIRE(blob.has_value());
        return std::move(*blob);
    }
    // One text to each of the accounts, `copies` times.
    store::BlobId deliver(std::vector<AccountId> to, const std::string& text, std::size_t copies = 1) {
        const store::StagedBlob blob = stage(text);
        const NewEmail email{.blob = blob.ref,
                             .prefix = "Return-Path: <>\r\n",
                             .received = world.now(),
                             .structure = std::make_shared<const mime::Structure>(mime::scan(text)),
                             .preview = {}};
        std::vector<store::Batch> batches;
        for (const AccountId id : to)
            for (std::size_t i = 0; i < copies; ++i) {
                batches.emplace_back(store::account_partition(id));
                file(batches.back(), inbox, email, {}, world.now(), Quota{});
            }
        REQUIRE(run(store->commit(std::move(batches), {blob})).has_value());
        return blob.ref.id;
    }
    std::size_t rows(AccountId id) {
        return run(store->scan(store::account_partition(id), "", "", 10'000, store::Direction::forward))
            ->size();
    }
    std::size_t changes(AccountId id) { return run(store->changes(id, ModSequence(), 10'000))->size(); }
    bool readable(store::BlobId blob) { return run(store->blobs().read(blob, 0, 1)).has_value(); }
    void sweep() {
        world.ahead += std::chrono::hours(25);
        while (!run(store->blobs().sweep(world.now(), 10'000))->done) {
        }
    }
    bool step(AccountId id) {
        Core core(*store, world, cache, {}, id);
        const auto done = run(erase_some(&core));
        REQUIRE(done.has_value());
        return *done;
    }
    void check_gone(store::BlobId own, store::BlobId shared) {
        CHECK(rows(ann) == 0);
        CHECK(changes(ann) == 0);
        restart();
        CHECK(run(store->counter(store::account_partition(ann), key_of_messages())).value() == 0);
        sweep();
        CHECK_FALSE(readable(own));
        CHECK(readable(shared));  // ben's too
        CHECK(run(check(store.get(), ben))->empty());
        const auto view = run(accounts->open(ben)->view(inbox));
        REQUIRE(view.has_value());
        CHECK((*view)->size() == 1);
    }
    static std::string key_of_messages() { return std::string(1, '\x28'); }  // Counter::account_messages
};

}  // namespace

TEST_CASE_TEMPLATE("erase: an account goes with its references, others keep their mail", Engine,
                   store::MemoryEngine, store::RocksEngine) {
    Erasing<Engine> f;
    const auto own = f.deliver({ann}, message_text("own"), 3);
    const auto shared = f.deliver({ann, ben}, message_text("shared"));
    const auto account = f.accounts->open(ann);
    // One email in two mailboxes.
    REQUIRE(f.run(account->copy(inbox, everything, archive, Quota{})).has_value());
    CHECK(f.changes(ann) > 0);
    REQUIRE(f.run(f.accounts->erase(ann)).has_value());
    CHECK(f.rows(ann) == 0);
    // A session that is still there changes nothing any more.
    CHECK(f.run(account->create("New", Role::none)).error().fault == Fault::not_found);
    CHECK(f.run(account->expunge(inbox, everything, false)).error().fault == Fault::not_found);
    CHECK(f.rows(ann) == 0);
    f.check_gone(own, shared);
}

TEST_CASE_TEMPLATE("erase: a crash half-way leaves the rest to the next call", Engine, store::MemoryEngine,
                   store::RocksEngine) {
    Erasing<Engine> f;
    const auto own = f.deliver({ann}, message_text("own"), many);
    const auto shared = f.deliver({ann, ben}, message_text("shared"));
    const std::size_t before = f.rows(ann);
    CHECK_FALSE(f.step(ann));
    f.restart();
    const std::size_t left = f.rows(ann);
    CHECK(left < before);
    CHECK(left > 0);
    f.sweep();
    CHECK(f.readable(own));  // of what is left
    REQUIRE(f.run(f.accounts->erase(ann)).has_value());
    f.check_gone(own, shared);
}

TEST_CASE_TEMPLATE("erase: what a late delivery filed goes with the next call; an empty account is no error",
                   Engine, store::MemoryEngine, store::RocksEngine) {
    Erasing<Engine> f;
    const auto shared = f.deliver({ann, ben}, message_text("shared"));
    REQUIRE(f.run(f.accounts->erase(ann)).has_value());
    const auto late = f.deliver({ann}, message_text("late"));
    CHECK(f.rows(ann) > 0);
    REQUIRE(f.run(f.accounts->erase(ann)).has_value());
    REQUIRE(f.run(f.accounts->erase(ann)).has_value());
    f.check_gone(late, shared);
}

}  // namespace heliopost::mailbox
