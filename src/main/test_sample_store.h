// SampleStore: a small store on disk, to be damaged row by row; for the tests of fsck.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "delivery/receive.h"
#include "directory/records.h"
#include "mailbox/keys.h"
#include "main/fsck.h"
#include "main/program.h"
#include "main/run_task.h"
#include "net/system_clock.h"
#include "queue/records.h"
#include "store/keys.h"
#include "store/rocks_database.h"

namespace heliopost::fsck_test {

using mailbox::key::Counter;
using mailbox::key::Kind;
using store::PartitionId;
using store::Space;

inline Log silent(LogFormat::logfmt, LogLevel::error, net::system_now, [](LogLevel, std::string_view) {});
inline const std::string message_text = "From: <x@b.example>\r\nSubject: one\r\n\r\nOne.\r\n";

inline net::Task<Result<delivery::Message>> take_in(store::Store* store, std::string text) {
    delivery::Incoming incoming(*store, text.size());
    co_await incoming.append(text);
    co_return co_await incoming.finish();
}

// A store with one account that has two messages, one of them in two mailboxes, and a queued message.
class SampleStore {
public:
    SampleStore() {
        path_ = (std::filesystem::temp_directory_path() / "heliopost-fsck-XXXXXX").string();
        REQUIRE(mkdtemp(path_.data()) != nullptr);
        Settings settings;
        settings.server.data_directory = sound();
        settings.server.disk_reserve = 1;
        settings.server.threads = 1;
        Program program(settings, "", silent);
        REQUIRE(program.open().has_value());
        const auto run = [&](auto task) { return run_task(program.world(), std::move(task)); };
        REQUIRE(run(program.directory().add_domain("a.example")).has_value());
        REQUIRE(run(program.directory().add_account({"ann@a.example", "", "password", 0, false},
                                                    &mailbox::Accounts::create))
                    .has_value());
        delivery::Delivering delivering{program.world(), program.store(), program.queue(), "mx.a.example"};
        for (const std::size_t length : {0U, 100U}) {
            auto message = run(take_in(&program.store(), message_text + std::string(length, 'x') + "\r\n"));
            REQUIRE(message.has_value());
            auto envelope = std::make_shared<delivery::Envelope>();
            envelope->id = program.queue().next_id(program.world());
            envelope->arrived = program.world().now();
            envelope->client.address = boost::asio::ip::make_address("192.0.2.2");
            envelope->client.helo = "client.b.example";
            envelope->reverse_path = {"x", "b.example"};
            auto& recipient = envelope->recipients.emplace_back();
            recipient.address = {"ann", "a.example"};
            const auto resolved = run(program.directory().resolve("ann", "a.example"));
            REQUIRE(resolved.has_value());
            recipient.resolution = *resolved;
            REQUIRE(run(delivery::receive(&delivering, envelope,
                                          std::make_shared<const delivery::Message>(std::move(*message))))
                        .has_value());
        }
        queue_one(program);
    }
    ~SampleStore() { std::filesystem::remove_all(path_); }
    SampleStore(const SampleStore&) = delete;
    SampleStore& operator=(const SampleStore&) = delete;

    std::string sound() const { return path_ + "/sound"; }
    QueueId queued() const { return queued_; }
    store::BlobId queued_blob() const { return queued_blob_; }

    // What fsck says of a copy, once it was damaged.
    FsckReport check(const std::function<void(store::Database&)>& damage) const {
        const std::string copy = path_ + "/copy";
        damaged(damage);
        net::Cores cores(1, 1, silent);
        auto store = store::RocksStore::open(options_of(copy));
        REQUIRE(store.has_value());
        double part = 0;
        FsckReport report = Fsck(**store, cores[0], [&](double now, const FsckReport&) {
                                CHECK(now >= part);  // a bar never goes back
                                part = now;
                            }).run();
        CHECK(part == 1);
        return report;
    }

    // What a repair says of a damaged copy; then of what it has left.
    std::pair<FsckReport, FsckReport> repair(const std::function<void(store::Database&)>& damage) const {
        damaged(damage);
        std::filesystem::remove_all(taken_out());
        std::filesystem::create_directories(taken_out());
        net::Cores cores(1, 1, silent);
        auto store = store::RocksStore::open(options_of(path_ + "/copy"));
        REQUIRE(store.has_value());
        FsckReport first = Fsck(**store, cores[0], nullptr, store::Mending::yes, taken_out() + "/rows").run();
        return {std::move(first), Fsck(**store, cores[0], nullptr).run()};
    }
    // As a server finds it after the repair.
    Result<directory::Account> repaired_account(const std::string& address) const {
        Settings settings;
        settings.server.data_directory = path_ + "/copy";
        settings.server.disk_reserve = 1;
        settings.server.threads = 1;
        Program program(settings, "", silent);
        REQUIRE(program.open().has_value());
        const auto added = run_task(
            program.world(), program.directory().add_account({"new@a.example", "", "password", 0, false},
                                                             &mailbox::Accounts::create));
        REQUIRE(added.has_value());
        CHECK(added->id > AccountId(1));  // no id is given out twice
        return run_task(program.world(), program.directory().account(address));
    }
    std::string taken_out() const { return path_ + "/taken-out"; }

private:
    static store::RocksOptions options_of(const std::string& copy) {
        store::RocksOptions options;
        options.path = copy;
        options.disk_reserve = 0;
        return options;
    }
    void damaged(const std::function<void(store::Database&)>& damage) const {
        const std::string copy = path_ + "/copy";
        std::filesystem::remove_all(copy);
        std::filesystem::copy(sound(), copy, std::filesystem::copy_options::recursive);
        auto database = store::open_database(options_of(copy));
        REQUIRE(database.has_value());
        damage(**database);
    }
    void queue_one(Program& program) {
        auto message = run_task(program.world(), take_in(&program.store(), message_text + "queued\r\n"));
        REQUIRE(message.has_value());
        queue::NewEntry entry;
        entry.id = queued_ = program.queue().next_id(program.world());
        entry.reverse_path = {"ann", "a.example"};
        entry.created = program.world().now();
        entry.expiry = entry.created + std::chrono::days(5);
        entry.identity = AccountId(1);
        entry.blob = message->blob.ref;
        entry.recipients.push_back({{"x", "b.example"}, {}, std::nullopt});
        queued_blob_ = entry.blob.id;
        std::vector<store::Batch> batches;
        batches.emplace_back(store::queue_partition);
        REQUIRE(queue::add(batches[0], std::move(entry)).has_value());
        std::vector<store::StagedBlob> blobs{message->blob};
        REQUIRE(run_task(program.world(), program.store().commit(std::move(batches), std::move(blobs)))
                    .has_value());
    }

    std::string path_;
    QueueId queued_;
    store::BlobId queued_blob_;
};

inline const PartitionId ann = store::account_partition(AccountId(1));
inline const store::BlobId nobody{{std::byte{9}}};

inline std::string row(PartitionId partition, const std::string& key) {
    return store::engine_key(partition, Space::rows, key);
}

inline std::string blob_row(const std::string& key) {
    return row(store::blobs_partition, key);
}

inline void put(store::Database& database, const std::string& key, const std::string& value) {
    REQUIRE(database.db->Put({}, database.rows, key, value).ok());
}

inline void erase(store::Database& database, const std::string& key) {
    std::string was;
    REQUIRE(database.db->Get({}, database.rows, key, &was).ok());
    REQUIRE(database.db->Delete({}, database.rows, key).ok());
}

inline void flip_chunk(store::Database& database, store::BlobId blob) {
    std::string chunk;
    REQUIRE(database.db->Get({}, database.chunks, store::chunk_key(blob, 0), &chunk).ok());
    chunk.back() = static_cast<char>(chunk.back() ^ 1);
    REQUIRE(database.db->Put({}, database.chunks, store::chunk_key(blob, 0), chunk).ok());
}

// The blob of ann's first message, from its place in the index.
inline store::BlobId first_blob(store::Database& database) {
    std::string value;
    const std::string key = row(ann, mailbox::key::membership(EmailId(1), mailbox::inbox));
    REQUIRE(database.db->Get({}, database.rows, key, &value).ok());
    const auto blob = store::BlobId::from(std::string_view(value).substr(5));
    REQUIRE(blob.has_value());
    return *blob;
}

}  // namespace heliopost::fsck_test
