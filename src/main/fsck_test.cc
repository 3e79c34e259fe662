#include "main/fsck.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>

#include "delivery/receive.h"
#include "directory/records.h"
#include "mailbox/keys.h"
#include "main/program.h"
#include "main/run_task.h"
#include "net/system_clock.h"
#include "queue/records.h"
#include "store/keys.h"
#include "store/rocks_database.h"

namespace heliopost {
namespace {

using mailbox::key::Counter;
using mailbox::key::Kind;
using store::PartitionId;
using store::Space;

Log silent(LogFormat::logfmt, LogLevel::error, net::system_now, [](LogLevel, std::string_view) {});
const std::string message_text = "From: <x@b.example>\r\nSubject: one\r\n\r\nOne.\r\n";

net::Task<Result<delivery::Message>> take_in(store::Store* store, std::string text) {
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

const PartitionId ann = store::account_partition(AccountId(1));
const store::BlobId nobody{{std::byte{9}}};

std::string row(PartitionId partition, const std::string& key) {
    return store::engine_key(partition, Space::rows, key);
}

std::string blob_row(const std::string& key) {
    return row(store::blobs_partition, key);
}

void put(store::Database& database, const std::string& key, const std::string& value) {
    REQUIRE(database.db->Put({}, database.rows, key, value).ok());
}

void erase(store::Database& database, const std::string& key) {
    std::string was;
    REQUIRE(database.db->Get({}, database.rows, key, &was).ok());
    REQUIRE(database.db->Delete({}, database.rows, key).ok());
}

void flip_chunk(store::Database& database, store::BlobId blob) {
    std::string chunk;
    REQUIRE(database.db->Get({}, database.chunks, store::chunk_key(blob, 0), &chunk).ok());
    chunk.back() = static_cast<char>(chunk.back() ^ 1);
    REQUIRE(database.db->Put({}, database.chunks, store::chunk_key(blob, 0), chunk).ok());
}

// The blob of ann's first message, from its place in the index.
store::BlobId first_blob(store::Database& database) {
    std::string value;
    const std::string key = row(ann, mailbox::key::membership(EmailId(1), mailbox::inbox));
    REQUIRE(database.db->Get({}, database.rows, key, &value).ok());
    const auto blob = store::BlobId::from(std::string_view(value).substr(5));
    REQUIRE(blob.has_value());
    return *blob;
}

}  // namespace

TEST_CASE("fsck: a sound store has no problem, and each planted damage is told where it hurts") {
    const SampleStore sample;
    const FsckReport sound = sample.check([](store::Database&) {});
    CHECK_MESSAGE(sound.store.sound(),
                  (sound.store.problems.empty() ? std::string() : sound.store.problems[0].line()));
    CHECK(sound.accounts == 1);
    CHECK(sound.messages == 2);
    CHECK(sound.queued == 1);
    CHECK(sound.store.blobs == 3);
    CHECK(sound.store.references == 3);

    const std::string queued = "queue, message " + queue::to_text(sample.queued());
    const auto reference = [](store::BlobId blob, PartitionId holder, std::uint64_t number) {
        return blob_row(store::reference_key(blob, holder, store::to_u64(number)));
    };
    struct Case {
        std::string where, what;
        store::Harm harm;
        std::function<void(store::Database&)> damage;
    };
    using store::Harm;
    const std::string first = "account ann@a.example, mailbox INBOX, message 1";
    const Case cases[] = {
        // blobs
        {first, "chunk 0 of it is damaged", Harm::lost, [](auto& d) { flip_chunk(d, first_blob(d)); }},
        {first, "chunk 0 of it is missing", Harm::lost,
         [](auto& d) { REQUIRE(d.db->Delete({}, d.chunks, store::chunk_key(first_blob(d), 0)).ok()); }},
        {first, "is missing", Harm::lost,
         [](auto& d) { erase(d, blob_row(store::manifest_key(first_blob(d)))); }},
        {first, "has a broken record", Harm::lost,
         [](auto& d) { put(d, blob_row(store::manifest_key(first_blob(d))), "\x0a\x7f"); }},
        {queued, "chunk 0 of it is damaged", Harm::lost,
         [&](auto& d) { flip_chunk(d, sample.queued_blob()); }},
        {queued, "is missing", Harm::lost,
         [&](auto& d) { erase(d, blob_row(store::manifest_key(sample.queued_blob()))); }},
        // references, both ways
        {first, "its blob does not know of it", Harm::wrong,
         [&](auto& d) { erase(d, reference(first_blob(d), ann, 1)); }},
        {queued, "its blob does not know of it", Harm::wrong,
         [&](auto& d) {
             erase(d, reference(sample.queued_blob(), store::queue_partition, sample.queued().value));
         }},
        {"account ann@a.example, email 77", "no mailbox keeps it", Harm::room,
         [&](auto& d) { put(d, reference(first_blob(d), ann, 77), ""); }},
        {"account 5, email 1", "no mailbox keeps it", Harm::room,
         [&](auto& d) { put(d, reference(first_blob(d), store::account_partition(AccountId(5)), 1), ""); }},
        {"account ann@a.example, email 2", "no mailbox keeps it", Harm::room,  // it keeps another blob
         [&](auto& d) { put(d, reference(first_blob(d), ann, 2), ""); }},
        {"queue, message", "it does not keep blob", Harm::room,
         [&](auto& d) { put(d, reference(first_blob(d), store::queue_partition, 3), ""); }},
        {"blob", "no known kind", Harm::room,
         [&](auto& d) { put(d, reference(first_blob(d), store::directory_partition, 3), ""); }},
        {"account ann@a.example, email 1", "no mailbox keeps it", Harm::room,
         [&](auto& d) { put(d, reference(nobody, ann, 1), ""); }},
        {"blob 09", "is missing; no message", Harm::lost,
         [&](auto& d) { put(d, reference(nobody, ann, 1), ""); }},
        // the account
        {first, "its record is missing", Harm::lost,
         [](auto& d) { erase(d, row(ann, mailbox::key::email(EmailId(1), 0))); }},
        {first, "", Harm::lost, [](auto& d) { put(d, row(ann, mailbox::key::email(EmailId(1), 0)), "x"); }},
        {first, "is not indexed", Harm::lost,
         [](auto& d) { erase(d, row(ann, mailbox::key::membership(EmailId(1), mailbox::inbox))); }},
        {"account ann@a.example, mailbox INBOX", "the counter of unseen says 9, there are 2", Harm::wrong,
         [](auto& d) {
             put(d,
                 store::engine_key(ann, Space::counters, mailbox::key::of(Counter::unseen, mailbox::inbox)),
                 store::to_u64(9));
         }},
        {"account ann@a.example", "a counter is not a number", Harm::lost,
         [](auto& d) { put(d, store::engine_key(ann, Space::counters, "x"), "y"); }},
        {"account ann@a.example, mailbox 1", "every account has it", Harm::lost,
         [](auto& d) { erase(d, row(ann, mailbox::key::of(Kind::mailbox, mailbox::inbox))); }},
        {"account ann@a.example, mailbox Junk", "two mailboxes have this name", Harm::wrong,
         [](auto& d) {
             std::string junk;
             REQUIRE(
                 d.db->Get({}, d.rows, row(ann, mailbox::key::of(Kind::mailbox, mailbox::junk)), &junk).ok());
             put(d, row(ann, mailbox::key::of(Kind::mailbox, mailbox::trash)), junk);
         }},
        {"account ann@a.example, mailbox INBOX", "HIGHESTMODSEQ is above", Harm::wrong,
         [](auto& d) {
             put(d, row(ann, mailbox::key::of(Kind::highest, mailbox::inbox)), store::to_u64(1'000));
         }},
        {"account ann@a.example, row 7f", "no known kind", Harm::wrong,
         [](auto& d) { put(d, row(ann, "\x7f"), ""); }},
        {"account ann@a.example, row 2a", "broken value", Harm::wrong,
         [](auto& d) { put(d, row(ann, mailbox::key::of(Kind::last_uid_validity)), "x"); }},
        // the directory
        {"address ann@a.example", "", Harm::lost,
         [](auto& d) {
             put(d, row(store::directory_partition, directory::name_key({"ann", "a.example"})), "\x0a\x7f");
         }},
        {"account 1", "the directory does not know it", Harm::wrong,
         [](auto& d) {
             erase(d, row(store::directory_partition, directory::name_key({"ann", "a.example"})));
         }},
        {"address ann@a.example", "name without domain", Harm::lost,
         [](auto& d) { erase(d, row(store::directory_partition, directory::domain_key("a.example"))); }},
        {"directory", "the meta row is missing", Harm::lost,
         [](auto& d) { erase(d, row(store::directory_partition, directory::meta_key())); }},
        // the queue
        {queued, "0 recipients are there of 1", Harm::lost,
         [&](auto& d) { erase(d, row(store::queue_partition, queue::recipient_key(sample.queued(), 0))); }},
        {queued, "recipients without an entry", Harm::lost,
         [&](auto& d) { erase(d, row(store::queue_partition, queue::entry_key(sample.queued()))); }},
        {queued, "", Harm::lost,
         [&](auto& d) { put(d, row(store::queue_partition, queue::entry_key(sample.queued())), "x"); }},
        {queued + ", recipient 0", "", Harm::lost,
         [&](auto& d) {
             put(d, row(store::queue_partition, queue::recipient_key(sample.queued(), 0)), "x");
         }},
        // the store itself
        {"store", "unknown key", Harm::wrong, [](auto& d) { put(d, "\x09strange", "x"); }},
        {"blobs", "a hash without its blob", Harm::wrong,
         [](auto& d) { put(d, blob_row(store::hash_key(std::string(32, 'h'))), "x"); }},
        {"blob 09", "belong to nothing", Harm::room,
         [](auto& d) { REQUIRE(d.db->Put({}, d.chunks, store::chunk_key(nobody, 0), "x").ok()); }},
    };
    for (const Case& one : cases) {
        CAPTURE(one.where);
        CAPTURE(one.what);
        const FsckReport found = sample.check(one.damage);
        CHECK_FALSE(found.store.sound());
        std::string all;
        for (const auto& problem : found.store.problems) all += problem.line() + "\n";
        CAPTURE(all);
        CHECK(std::ranges::any_of(found.store.problems, [&](const store::Problem& problem) {
            return problem.harm == one.harm && problem.where.starts_with(one.where) &&
                   problem.what.find(one.what) != std::string::npos;
        }));
        CHECK(found.store.problem_count <= 8);  // one damage does not make a flood
    }
}

// Nobody knows any more to whom it goes, and what is left of it must not stop the others.
TEST_CASE("fsck: a queued message that cannot be understood is taken out, and kept in files") {
    const SampleStore sample;
    const auto entry = row(store::queue_partition, queue::entry_key(sample.queued()));
    const auto recipient = row(store::queue_partition, queue::recipient_key(sample.queued(), 0));
    const std::function<void(store::Database&)> damages[] = {
        [&](auto& d) { put(d, entry, "x"); },
        [&](auto& d) { put(d, recipient, "x"); },
        [&](auto& d) { erase(d, entry); },
        [&](auto& d) { erase(d, recipient); },
        [&](auto& d) { put(d, row(store::queue_partition, "\x09"), "x"); },
    };
    for (const auto& damage : damages) {
        const auto [first, after] = sample.repair(damage);
        std::string all;
        for (const auto& problem : first.store.problems) all += problem.line() + "\n";
        for (const auto& problem : after.store.problems) all += "after: " + problem.line() + "\n";
        CAPTURE(all);
        CHECK_FALSE(first.store.problems.empty());
        CHECK(std::ranges::all_of(first.store.problems, &store::Problem::mended));
        CHECK(after.store.sound());
        const bool stranger = after.queued == 1;  // a row of no message
        CHECK(stranger == (&damage == &damages[4]));
        bool rows = false, message = false;
        for (const auto& file : std::filesystem::directory_iterator(sample.taken_out())) {
            std::ifstream in(file.path());
            const std::string octets{std::istreambuf_iterator<char>(in), {}};
            rows = rows || (file.path().extension() == ".jsonl" && octets.contains("queue"));
            message = message ||
                      (file.path().extension() == ".eml" && octets.ends_with(message_text + "queued\r\n"));
        }
        CHECK(rows);
        CHECK(message == !stranger);
    }
}

TEST_CASE("fsck: every harm has its advice") {
    for (const auto harm : {store::Harm::lost, store::Harm::wrong, store::Harm::room})
        CHECK_FALSE(advice(harm).empty());
}

}  // namespace heliopost
