// Queue: durable outgoing mail. What is due is leased, tried by somebody else, and completed.
//
//   store::Batch batch(store::queue_partition);
//   queue::Added added = CO_TRY(queue::add(batch, std::move(entry)));   // reads nothing
//   CO_TRY(co_await store.commit(batches, blobs));                      // with local deliveries
//   queue.added(added);                                                 // due at once
//
//   for (queue::Lease& lease : CO_TRY(co_await queue.due(query))) ...   // transport
//   CO_TRY(co_await queue.complete(std::move(lease), outcomes, {}));
//
// One Queue a process. The rows are the truth; what is due when, and who has leased it, is an index in
// memory, rebuilt by load(). After a restart every lease is gone and its recipients are due again. Every
// recipient ends in exactly one of delivered, failed, dropped; then the entry and its blob's reference
// go, in the commit of the last outcome (or the one after it, when two leases of one entry end together).
//
// It has no network and no clock and calls nobody above. Any loop may call any member; the coroutine goes
// on where it was. Formats: docs/format-queue.md.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "net/task.h"
#include "net/world.h"
#include "queue/entry.h"
#include "queue/retry.h"
#include "store/batch.h"
#include "store/store.h"

namespace heliopost::queue {

inline constexpr std::size_t entries_max =
    1'000'000;  // in all, unless the options say less; then has_room() is false
// Of recipients, those of one message counted each: an entry may have a thousand destinations.
inline constexpr std::size_t rows_max = 1'000'000;
// Of those, one account's: its mail must not keep the others' out. And of mail from outside that aliases send
// on, with our own notifications: what strangers send must not keep our users' out.
inline constexpr std::size_t account_rows_max = rows_max / 10;
inline constexpr std::size_t outside_rows_max = rows_max / 2;
inline constexpr std::size_t lease_recipients_max = 1'000;  // of one lease
inline constexpr std::chrono::minutes unreadable_wait{10};  // until what could not be read is tried again
inline constexpr std::size_t leases_max = 1'000;            // of one call of due()
inline constexpr std::size_t list_max = 1'000;              // entries of one call of list()
inline constexpr std::size_t cache_octets_max = 32 * 1024 * 1024;  // entries kept as they were added

struct NewRecipient {
    smtp::Address address;
    smtp::Notify notify;
    std::optional<smtp::OriginalRecipient> original_recipient;
};

struct NewEntry {
    QueueId id;  // Queue::next_id, so that it can be logged before the commit
    smtp::Address reverse_path;
    Time created{};
    Time expiry{};  // created + RetryOptions::expire_after
    AccountId identity;
    Source source = Source::submission;
    store::BlobRef blob;
    std::string prefix;
    bool smtputf8 = false;
    bool body_8bit = false;
    bool requiretls = false;
    smtp::Return ret = smtp::Return::unspecified;
    std::optional<std::string> envelope_id;
    std::vector<NewRecipient> recipients;
    std::optional<Time> not_before;  // nothing: due when created
};

// What add() put into the batch, to be told to the Queue once the commit is done. Cheap to copy.
struct Added {
    std::shared_ptr<const Entry> entry;
    std::shared_ptr<const std::vector<Recipient>> recipients;
};

// Writes the entry, its recipients and its blob's reference into a batch of store::queue_partition. The
// commit fails with Fault::conflict if the id is taken. Fails with Fault::too_large past recipients_max,
// prefix_octets_max or entry_octets_max, Fault::syntax for an address without a domain or no recipients.
Result<Added> add(store::Batch& batch, NewEntry entry);

// Ids that sort by time: milliseconds << 20 | random. Unique in this process; any thread.
class IdSource {
public:
    QueueId next(Time now, std::uint64_t random);

private:
    std::atomic<std::uint64_t> last_{0};
};

// Some recipients of one entry that share a destination, for one attempt. Nobody else gets them until
// complete() or the lease's end; destroyed without complete() they are due again as before.
class Lease {
public:
    struct Hold;  // gives the recipients back
    std::shared_ptr<const Entry> entry;
    std::string destination;  // QueueOptions::destination_of the recipients' domain
    std::vector<Recipient> recipients;

    Lease();
    ~Lease();
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) noexcept;

    // Takes some of its recipients, by Recipient::index, into a lease of their own. Not all of them.
    Lease split(const std::vector<std::uint32_t>& indices);
    // Takes in another lease of the same entry, whatever its destination: both are then completed in one
    // commit.
    void join(Lease other);

    std::unique_ptr<Hold> hold;
};

struct DueQuery {
    Time now{};
    std::size_t leases = 16;
    std::size_t recipients = 100;  // per lease: RFC 5321 §4.5.3.1.8 lets a server take no more
    // May one more attempt to this destination begin? Asked once for each lease; empty: always. Must not
    // call the Queue.
    std::function<bool(std::string_view destination)> may_start;
    // May none begin any more, to whatever destination? Then what else is due is not looked at. Empty: never.
    std::function<bool()> full;
};

// What came of one recipient of a lease. Those not named are given back as they were.
struct Outcome {
    std::uint32_t index = 0;       // Recipient::index
    State state = State::pending;  // pending: try again at next_attempt
    std::optional<Time> next_attempt;
    bool attempted = true;      // counts; false: put off without a try
    bool delay_warned = false;  // a warning goes out with `also`
    Time at{};                  // of the attempt
    LastReply reply;
};

// What is committed together with outcomes: DSNs, local deliveries.
struct Also {
    std::vector<store::Batch> batches;
    std::vector<store::StagedBlob> blobs;
    std::vector<Added> added;  // what add() put into batches
};

struct Shown {
    std::shared_ptr<const Entry> entry;
    std::vector<Recipient> recipients;  // final ones too, while the entry is there
    std::vector<bool> leased;           // of each recipient: an attempt is under way
};

struct Filter {
    std::optional<State> state;  // with a recipient in this state
    std::string domain;          // with a recipient of it; normalised
    QueueId after;               // pages: ids above it
    std::size_t limit = 100;     // at most list_max
};

struct Counts {
    std::size_t entries = 0;
    std::size_t rows = 0;     // recipients, final ones too while their entry is there
    std::size_t pending = 0;  // recipients, leased ones too
    std::size_t held = 0;
    std::size_t leased = 0;
};

struct QueueOptions {
    // What shares an attempt with what, from a normalised domain; empty: the domain itself. A smart host
    // gives the same for all. Must be pure.
    std::function<std::string(std::string_view domain)> destination_of;
    std::size_t room_entries = entries_max;  // has_room() is false from here on
    std::size_t room_rows = rows_max;        // and from here on
    std::size_t room_account_rows = account_rows_max;
    std::size_t room_outside_rows = outside_rows_max;
};

class Queue {
public:
    virtual ~Queue() = default;

    // Rebuilds the index from the store, and removes entries whose recipients are all final. Once, before
    // any other member. Unreadable rows are logged and left for fsck.
    virtual net::Task<Result<void>> load() = 0;

    virtual QueueId next_id(net::World& world) = 0;

    // After the commit that holds it; any thread.
    virtual void added(Added entry) = 0;
    // Takes up what was committed but never told (its caller was stopped in between): looks at entries
    // above an id, newest first. Gives how many it found.
    virtual net::Task<Result<std::size_t>> rescan(QueueId above) = 0;

    // What cannot be read is logged and put off by unreadable_wait; the others come all the same.
    virtual net::Task<Result<std::vector<Lease>>> due(DueQuery query) = 0;
    // When the next unleased recipient is due; nothing when none is.
    virtual std::optional<Time> next_due() const = 0;
    // Called, on any thread, when next_due() became earlier. Must not call the Queue: post to a loop.
    virtual void on_due(std::function<void()> changed) = 0;

    // No attempt waits until later than this, as far as is known now; nothing is written. For a clock that
    // was set back: what it had set before would wait for as long as it went back.
    virtual void not_later_than(Time latest) = 0;

    // Writes the outcomes, and what is `also` said, in one commit. Fault::conflict is resolved inside: a
    // recipient held meanwhile stays held unless its outcome is final. What could not be written is never
    // given back, or it would be sent again: with Fault::temporary it is kept and written by a later due(),
    // which the caller makes within a minute; with any other fault, or when the wait is cut off (Stopped),
    // its recipients stay leased until the next start.
    virtual net::Task<Result<void>> complete(Lease lease, std::vector<Outcome> outcomes, Also also) = 0;

    // For the administrator: all recipients of the entry, or one. They give how many changed, and fail with
    // Fault::not_found. What is leased can be held and dropped too: the attempt under way goes on, and what
    // it delivers or bounces stands; else there is no other one. Dropped recipients get no DSN.
    virtual net::Task<Result<std::size_t>> hold(QueueId id, std::optional<std::uint32_t> recipient) = 0;
    virtual net::Task<Result<std::size_t>> release(QueueId id, std::optional<std::uint32_t> recipient,
                                                   Time now) = 0;
    virtual net::Task<Result<std::size_t>> retry_now(QueueId id, std::optional<std::uint32_t> recipient,
                                                     Time now) = 0;
    virtual net::Task<Result<std::size_t>> drop(QueueId id, std::optional<std::uint32_t> recipient) = 0;

    virtual net::Task<Result<std::vector<Shown>>> list(Filter filter) = 0;
    virtual net::Task<Result<Shown>> show(QueueId id) = 0;

    virtual Counts counts() const = 0;
    // False at QueueOptions::room_entries or room_rows: new mail gets 452.
    virtual bool has_room() const = 0;
    // Is there room for so many more recipients of this submitter (0: mail from outside) in its own share?
    // Counted by NewEntry::identity, over a restart too; what is submitted at the same moment is not.
    virtual bool has_room_for(AccountId submitter, std::size_t recipients) const = 0;
};

// The store must outlive the Queue, the Queue its leases' use.
std::unique_ptr<Queue> make_queue(store::Store& store, const Log& log, QueueOptions options);

}  // namespace heliopost::queue
