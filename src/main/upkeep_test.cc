#include "main/upkeep.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/assert.h"
#include "mailbox/file.h"
#include "net/task_group.h"
#include "proto/mime/scanner.h"
#include "store/test_host.h"

using namespace std::chrono_literals;

namespace heliopost {
namespace {

struct House : store::TestHost {
    std::vector<std::string> lines;
    net::MemoryWorld* logging = &network.add_host(
        "b.example", {"192.0.2.2"}, [this](LogLevel, std::string_view line) { lines.emplace_back(line); });
    std::unique_ptr<directory::Directory> directory = directory::make_directory(*store, *logging);
    std::unique_ptr<mailbox::Accounts> accounts = mailbox::make_accounts(*store, {logging}, {});
    std::unique_ptr<queue::Queue> queue = queue::make_queue(*store, logging->log(), {});
    net::Event removed{*logging};
    net::TaskGroup tasks{*logging, "upkeep"};

    House() {
        REQUIRE(run(directory->load()).has_value());
        REQUIRE(run(queue->load()).has_value());
        REQUIRE(run(directory->add_domain("a.example")).has_value());
    }
    ~House() {
        tasks.stop();
        network.run_until([this] { return tasks.size() == 0; }, 1min);
        network.run(*logging, accounts->stop());
        REQUIRE(tasks.size() == 0);
    }
    AccountId add(const std::string& address) {
        const auto made =
            run(directory->add_account({address, "", "correct horse", 0, false}, &mailbox::Accounts::create));
        REQUIRE(made.has_value());
        return made->id;
    }
    store::StagedBlob stage(const std::string& text) {
        const auto writer = store->blobs().writer(1U << 20);
        REQUIRE(run(writer->append(text)).has_value());
        auto blob = run(writer->finish());
        REQUIRE(blob.has_value());
        return std::move(*blob);
    }
    void deliver(AccountId to, const std::string& text) {
        const auto blob = stage(text);
        std::vector<store::Batch> batches;
        batches.emplace_back(store::account_partition(to));
        mailbox::file(batches[0], mailbox::inbox,
                      {.blob = blob.ref,
                       .prefix = {},
                       .received = world->now(),
                       .structure = std::make_shared<const mime::Structure>(mime::scan(text)),
                       .preview = {}},
                      {}, world->now(), {});
        REQUIRE(run(store->commit(std::move(batches), {blob})).has_value());
    }
    std::size_t rows(AccountId id) {
        return run(store->scan(store::account_partition(id), "", "", 10'000, store::Direction::forward))
            ->size();
    }
    std::size_t count(std::string_view text) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(lines, [&](const std::string& line) { return line.contains(text); }));
    }
    void watch_removed() {
        tasks.spawn(erase_removed(logging, directory.get(), accounts.get(), &removed));
        network.run_for(1s);
    }
};

}  // namespace

TEST_CASE("upkeep: what was removed before the start is erased at the start, for good") {
    House house;
    const AccountId ann = house.add("ann@a.example");
    const AccountId ben = house.add("ben@a.example");
    house.deliver(ann, "Subject: x\r\n\r\n");
    REQUIRE(house.run(house.directory->remove_account("ann@a.example")).has_value());
    CHECK(house.rows(ann) > 0);
    house.watch_removed();
    CHECK(house.rows(ann) == 0);
    CHECK(house.rows(ben) > 0);
    CHECK(house.run(house.directory->removed_accounts())->empty());
    CHECK(house.count("event=account.erased") == 1);
}

TEST_CASE(
    "upkeep: what is removed while the server runs goes at once, and once more when nobody can know it") {
    House house;
    const AccountId ann = house.add("ann@a.example");
    house.watch_removed();
    REQUIRE(house.run(house.directory->remove_account("ann@a.example")).has_value());
    house.removed.set();
    house.network.run_for(1s);
    CHECK(house.rows(ann) == 0);
    house.deliver(ann, "Subject: late\r\n\r\n");  // by a session that had asked before
    house.network.run_for(late_mail_max - 1h);
    CHECK(house.rows(ann) > 0);
    CHECK(house.run(house.directory->removed_accounts())->size() == 1);
    house.network.run_for(2h);
    CHECK(house.rows(ann) == 0);
    CHECK(house.run(house.directory->removed_accounts())->empty());
    CHECK(house.count("event=account.erased") == 1);
}

namespace {

struct FailingBlobs final : store::BlobStore {
    int calls = 0;
    std::unique_ptr<store::BlobWriter> writer(std::uint64_t /*octets_max*/) override { return nullptr; }
    net::Task<Result<std::string>> read(store::BlobId /*blob*/, std::uint64_t /*from*/,
                                        std::uint64_t /*count*/) override {
        co_return std::string();
    }
    net::Task<Result<void>> distrust(store::BlobId /*blob*/) override { co_return Result<void>(); }
    net::Task<Result<Swept>> sweep(Time /*now*/, size_t /*blobs_max*/) override {
        ++calls;
        if (calls == 1) throw net::Overloaded("too much to do");
        if (calls == 2) co_return fail(Fault::internal, "a damaged record");
        co_return Swept{.looked_at = 1, .deleted = 1, .done = calls > 3};
    }
};

}  // namespace

TEST_CASE("upkeep: a round that fails is logged, and the next one comes") {
    House house;
    FailingBlobs blobs;
    house.tasks.spawn(sweep_blobs(house.logging, &blobs));
    house.network.run_for(4 * sweep_interval + sweep_interval / 2 + 1min);  // at least three rounds
    CHECK(house.tasks.size() == 1);
    CHECK(blobs.calls >= 4);
    CHECK(house.count("event=upkeep.failed what=blobs.sweep reason=\"too much to do\"") == 1);
    CHECK(house.count("event=upkeep.failed what=blobs.sweep reason=\"a damaged record\"") == 1);
    CHECK(house.count("event=blobs.swept deleted=2 looked_at=2") == 1);
    house.tasks.stop();
    house.network.run_for(1s);
}

TEST_CASE("upkeep: the sweeper frees what nobody refers to, says so, and keeps the rest") {
    House house;
    const AccountId ann = house.add("ann@a.example");
    house.deliver(ann, "Subject: kept\r\n\r\n");
    house.tasks.spawn(sweep_blobs(house.logging, &house.store->blobs()));
    const std::string large(2 * store::chunk_octets + 1, 'x');  // chunks are written before any commit
    (void)house.stage(large);
    house.network.run_for(20h);
    CHECK(house.count("event=blobs.swept") == 0);
    house.network.run_for(8h);
    CHECK(house.count("event=blobs.swept deleted=1 ") == 1);
    house.network.run_for(48h);
    CHECK(house.count("event=blobs.swept") == 1);
    const auto account = house.accounts->open(ann);
    const auto view = house.run(account->view(mailbox::inbox));
    REQUIRE(view.has_value());
    const auto emails = house.run(account->emails({(*view)->at(0).email}));
    REQUIRE(emails.has_value());
    CHECK(house.run(account->read(emails->at(0), 0, 100)).has_value());
}

TEST_CASE("upkeep: what was queued and never told is taken up") {
    House house;
    house.tasks.spawn(rescan_queue(house.logging, house.queue.get()));
    house.network.run_for(1s);
    const auto blob = house.stage("Subject: x\r\n\r\n");
    queue::NewEntry entry;
    entry.id = house.queue->next_id(*house.logging);
    entry.created = house.world->now();
    entry.expiry = entry.created + 24h;
    entry.blob = blob.ref;
    entry.recipients.push_back({.address = {"bob", "b.example"}, .notify = {}, .original_recipient = {}});
    std::vector<store::Batch> batches;
    batches.emplace_back(store::queue_partition);
    REQUIRE(queue::add(batches[0], std::move(entry)).has_value());
    REQUIRE(house.run(house.store->commit(std::move(batches), {blob})).has_value());
    CHECK(house.queue->counts().entries == 0);
    house.network.run_for(rescan_interval);
    CHECK(house.queue->counts().entries == 1);
    CHECK(house.count("event=queue.rescanned found=1") == 1);
    house.network.run_for(rescan_back);
    CHECK(house.queue->counts().entries == 1);
    CHECK(house.count("event=queue.rescanned") == 1);
}

}  // namespace heliopost
