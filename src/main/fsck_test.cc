#include "main/fsck.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "directory/records.h"
#include "main/test_sample_store.h"
#include "queue/records.h"

namespace heliopost::fsck_test {

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

TEST_CASE("fsck: every harm has its advice") {
    for (const auto harm : {store::Harm::lost, store::Harm::wrong, store::Harm::room})
        CHECK_FALSE(advice(harm).empty());
}

}  // namespace heliopost::fsck_test
