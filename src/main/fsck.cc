#include "main/fsck.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/base64.h"
#include "directory/repair.h"
#include "mailbox/check.h"
#include "mailbox/repair.h"
#include "main/run_task.h"
#include "queue/entry.h"
#include "reports/records.h"
#include "store/keys.h"  // where a blob keeps its references: only fsck looks behind the store's interface
#include "store/records.pb.h"
#include "store/tuple.h"

namespace heliopost {
namespace {

using store::Harm;
using store::PartitionId;

constexpr std::size_t rows_a_page = 2'000;

// How the time is shared out, for the progress bar: blobs are read in the first part.
constexpr double walk_part = 0.6, accounts_part = 0.3;

double ratio(std::uint64_t done, std::uint64_t all) {
    return all == 0 ? 1 : std::min(1.0, static_cast<double>(done) / static_cast<double>(all));
}

std::string join(std::string before, const std::string& after) {
    return after.empty() ? std::move(before) : std::move(before) + ", " + after;
}

}  // namespace

std::string_view advice(Harm harm) {
    switch (harm) {
        case Harm::lost:
            return "it cannot be read: restore it from a backup";
        case Harm::wrong:
            return "no message is lost yet: make a backup, run heliopost fsck --repair, and report this line "
                   "as a fault of heliopost";
        case Harm::room:
            return "it only takes room on the disk: nothing needs to be done";
    }
    return "";
}

std::string_view advice(const store::Problem& problem) {
    return problem.mended ? "mended" : advice(problem.harm);
}

Fsck::Fsck(store::RocksStore& store, net::SystemWorld& world, Progress progress, store::Mending mending,
           std::string taken_out)
    : store_(store),
      world_(world),
      progress_(std::move(progress)),
      mending_(mending),
      kept_(std::move(taken_out)),
      queue_(queue_rows_out()) {}

// What cannot be committed stays a problem.
net::Task<bool> Fsck::mend(store::Batch batch) {
    if (mending_ == store::Mending::no) co_return false;
    const auto committed = co_await store_.commit(std::move(batch));
    co_return committed.has_value();
}

FsckReport Fsck::run() {
    store::CheckOptions options;
    options.judge = [this](PartitionId partition, std::string_view key, std::string_view value) {
        judge(partition, key, value);
    };
    options.name = [this](PartitionId partition) {
        return partition.kind == PartitionId::Kind::account ? name_of(partition.number) : to_text(partition);
    };
    options.progress = [this](const store::CheckReport& so_far) {
        report_.store.records = so_far.records;
        report_.store.blobs = so_far.blobs;
        show(walk_part * ratio(so_far.records, so_far.records_expected));
    };
    if (mending_ == store::Mending::yes)
        options.take_out = [this](std::string_view key, std::string_view value, std::string_view reason) {
            return take_out(key, value, "store", reason);
        };
    store::CheckReport walked = store_.check(options);
    walked.problem_count += report_.store.problem_count;
    walked.mended_count += report_.store.mended_count;
    std::ranges::move(report_.store.problems, std::back_inserter(walked.problems));
    report_.store = std::move(walked);
    // Behind damage rows are unseen: what they hold would look as if it were not there.
    if (report_.store.complete) queue_.finish();
    finish_taking_out();
    repair_directory();
    directory_.finish();
    add("", directory_.findings());
    if (report_.store.complete) {
        report_.queued = queue_.entries();
        if (const auto done = run_task(world_, check_queue()); !done)
            report_.store.add(Harm::lost, "queue", done.error().text);
    }
    add("", queue_.findings());
    check_accounts();
    if (report_.store.complete) {
        if (const auto done = run_task(world_, check_references()); !done)
            report_.store.add(Harm::lost, "blobs", done.error().text);
    }
    tell_damaged();
    show(1);
    return std::move(report_);
}

void Fsck::show(double part) {
    if (progress_) progress_(part, report_);
}

void Fsck::judge(PartitionId partition, std::string_view key, std::string_view value) {
    switch (partition.kind) {
        case PartitionId::Kind::directory:
            return directory_.row(key, value);
        case PartitionId::Kind::queue:
            return queue_.row(key, value);
        case PartitionId::Kind::account:
            return judge_account_row(AccountId(partition.number), key, value);
        case PartitionId::Kind::reports:
            if (auto wrong = reports::check_row(key, value))
                report_.store.add(Harm::wrong, "reports, row " + to_hex(key), std::move(*wrong));
            return;
        case PartitionId::Kind::blobs:
            return;
    }
}

void Fsck::judge_account_row(AccountId account, std::string_view key, std::string_view value) {
    std::uint64_t& messages = messages_of_[account.value];
    if (mailbox::is_membership(key)) {
        ++messages;
        ++report_.messages;
    }
    // The repair of the account will say so itself.
    if (mending_ == store::Mending::yes && directory_.accounts().contains(account.value)) return;
    if (auto wrong = mailbox::check_row(key, value))
        report_.store.add(Harm::wrong, join(name_of(account.value), "row " + to_hex(key)), std::move(*wrong));
}

std::string Fsck::name_of(std::uint64_t account) const {
    const auto known = directory_.accounts().find(account);
    if (known != directory_.accounts().end()) return "account " + known->second;
    return (directory_.removed().contains(account) ? "removed account " : "account ") +
           std::to_string(account);
}

void Fsck::add(std::string before, std::vector<store::Problem> problems) {
    for (store::Problem& problem : problems)
        report_.store.add(problem.harm,
                          before.empty() ? std::move(problem.where) : join(before, problem.where),
                          std::move(problem.what), problem.mended);
}

void Fsck::check_accounts() {
    for (const auto& [account, address] : directory_.accounts()) messages_of_.try_emplace(account, 0);
    std::uint64_t done = 0;
    for (const auto& [account, messages] : messages_of_) {
        const std::string name = name_of(account);
        if (!directory_.accounts().contains(account) && !directory_.removed().contains(account))
            report_.store.add(Harm::wrong, name, "it has mail, and the directory does not know it");
        repair(AccountId(account), name);
        auto found =
            run_task(world_, mailbox::check(&store_, AccountId(account), &report_.store.damaged, mending_));
        if (found)
            add(name, std::move(*found));
        else
            report_.store.add(Harm::lost, name, found.error().text);
        ++report_.accounts;
        done += messages;
        show(walk_part + accounts_part * ratio(done, report_.messages));
    }
}

net::Task<Result<void>> Fsck::check_queue() {
    for (const queue::Check::Kept& kept : queue_.blobs()) {
        queued_.emplace(kept.id.value, kept.blob);
        const std::string where = "queue, message " + queue::to_text(kept.id);
        const std::string blob = "its blob " + to_hex(kept.blob.view()) + ": ";
        const auto damage = report_.store.damaged.find(kept.blob);
        if (damage != report_.store.damaged.end()) {
            damage->second.told = true;
            report_.store.add(Harm::lost, where, blob + damage->second.what);
            continue;
        }
        const auto record =
            CO_TRY(co_await store_.get(store::blobs_partition, store::manifest_key(kept.blob)));
        store::Manifest manifest;
        if (!record || !manifest.ParseFromString(*record)) {
            report_.store.add(Harm::lost, where, blob + "is missing");
            continue;
        }
        if (manifest.octets() != kept.octets)
            report_.store.add(Harm::lost, where, blob + "has another size than its entry says");
        const auto reference = CO_TRY(co_await store_.get(
            store::blobs_partition,
            store::reference_key(kept.blob, store::queue_partition, store::to_u64(kept.id.value))));
        if (!reference) {
            store::Batch batch(store::queue_partition);
            batch.reference(kept.blob, store::Tuple().u64(kept.id.value));
            const bool mended = co_await mend(std::move(batch));
            report_.store.add(Harm::wrong, where, "its blob does not know of it and may be swept", mended);
        }
    }
    co_return Result<void>();
}

net::Task<Result<void>> Fsck::check_references() {
    const std::string prefix = store::Tuple().u8(store::reference_rows);
    const std::string high = store::after_prefix(prefix);
    std::string low = prefix;
    std::uint64_t done = 0;
    for (bool more = true; more;) {
        const auto page = CO_TRY(
            co_await store_.scan(store::blobs_partition, low, high, rows_a_page, store::Direction::forward));
        for (const auto& [key, value] : page) {
            if (key.size() == 1 + store::reference_octets) CO_TRY(co_await check_reference(key));
        }
        done += page.size();
        show(walk_part + accounts_part +
             (1 - walk_part - accounts_part) * ratio(done, report_.store.references));
        more = page.size() == rows_a_page;
        if (more) low = page.back().first + '\0';
    }
    co_return Result<void>();
}

net::Task<Result<void>> Fsck::check_reference(std::string key) {
    store::TupleReader in(std::string_view(key).substr(17));
    const store::BlobId blob = CO_TRY(store::BlobId::from(std::string_view(key).substr(1, 16)));
    const PartitionId::Kind kind{CO_TRY(in.u8())};
    const std::uint64_t number = CO_TRY(in.u64());
    const std::uint64_t holder = CO_TRY(in.u64());
    bool kept = false;
    std::string where = "blob " + to_hex(blob.view());
    std::string what = "it has a reference of a holder of no known kind";
    if (kind == PartitionId::Kind::queue) {
        const auto found = queued_.find(holder);
        kept = found != queued_.end() && found->second == blob;
        where = "queue, message " + queue::to_text(QueueId(holder));
        what = "it does not keep blob " + to_hex(blob.view()) + ", which has a reference of it";
    } else if (kind == PartitionId::Kind::account) {
        kept = CO_TRY(co_await mailbox::keeps(&store_, AccountId(number), EmailId(holder), blob));
        where = name_of(number) + ", email " + std::to_string(holder);
        what = "no mailbox keeps it, but blob " + to_hex(blob.view()) + " has a reference of it";
    }
    if (kept) co_return Result<void>();
    bool mended = false;
    if (mending_ == store::Mending::yes)
        mended = CO_TRY(co_await rescue({{kind, number}, holder}, blob, &what));
    report_.store.add(Harm::room, std::move(where), std::move(what), mended);
    co_return Result<void>();
}

// What cannot be kept elsewhere stays.
bool Fsck::take_out(std::string_view engine_key, std::string_view value, std::string_view where,
                    std::string_view reason) {
    if (!kept_.keeps() || !kept_.add(engine_key, value, where, reason)) return false;
    to_take_out_.emplace_back(engine_key);
    return true;
}

queue::Check::TakeOut Fsck::queue_rows_out() {
    if (mending_ == store::Mending::no) return nullptr;
    return [this](std::string_view key, std::string_view value, std::string_view reason) {
        return take_out(store::engine_key(store::queue_partition, store::Space::rows, key), value, "queue",
                        reason);
    };
}

void Fsck::finish_taking_out() {
    if (to_take_out_.empty()) return;
    auto done = kept_.sync();
    if (done) done = store_.take_out(to_take_out_);
    if (!done) report_.store.add(Harm::lost, "store", done.error().text);
    to_take_out_.clear();
}

store::KeepRows Fsck::keeping(store::PartitionId partition, std::string where) {
    return [this, partition, where = std::move(where)](const std::vector<store::TakenOut>& rows) -> Result<> {
        for (const store::TakenOut& row : rows)
            TRY(kept_.add(store::engine_key(partition, store::Space::rows, row.key), row.value, where,
                          row.reason));
        return kept_.sync();
    };
}

// Not where rows are hidden behind damage: what they say would look as if it were not so.
bool Fsck::may_repair() const {
    return mending_ == store::Mending::yes && kept_.keeps() && report_.store.complete;
}

// Then its judge begins anew, with what is there now.
void Fsck::repair_directory() {
    if (!may_repair()) return;
    std::set<std::uint64_t> with_mail;
    for (const auto& [account, messages] : messages_of_) with_mail.insert(account);
    auto done = run_task(world_, directory::repair(&store_, &world_, std::move(with_mail),
                                                   keeping(store::directory_partition, "directory")));
    directory_ = {};
    Result<void> read;
    if (done) read = run_task(world_, read_directory());
    if (!done || !read)
        report_.store.add(Harm::lost, "directory",
                          "it could not be repaired: " + (done ? read.error().text : done.error().text));
    if (done) add("", std::move(*done));
}

net::Task<Result<void>> Fsck::read_directory() {
    std::string low;
    for (bool more = true; more;) {
        const auto page = CO_TRY(co_await store_.scan(store::directory_partition, low, "", rows_a_page,
                                                      store::Direction::forward));
        for (const auto& [key, value] : page) directory_.row(key, value);
        more = page.size() == rows_a_page;
        if (more) low = page.back().first + '\0';
    }
    co_return Result<void>();
}

void Fsck::repair(AccountId account, const std::string& name) {
    if (!may_repair() || !directory_.accounts().contains(account.value)) return;
    auto done = run_task(
        world_, mailbox::repair(&store_, &world_, account, keeping(store::account_partition(account), name)));
    if (done)
        add(name, std::move(*done));
    else
        report_.store.add(Harm::lost, name, "it could not be repaired: " + done.error().text);
}

// A reference of a holder that is not there: its blob is a message that nobody sees. True where it is seen
// to.
net::Task<Result<bool>> Fsck::rescue(PartitionHolder holder, store::BlobId blob, std::string* what) {
    using Kind = PartitionId::Kind;
    const std::uint64_t account = holder.partition.number;
    if (holder.partition.kind == Kind::account && directory_.accounts().contains(account)) {
        const auto rescued = CO_TRY(
            co_await mailbox::rescue(&store_, &world_, AccountId(account), blob, EmailId(holder.number)));
        if (rescued == mailbox::Rescued::came)
            *what += ": its message is in " + std::string(mailbox::lost_and_found);
        co_return rescued != mailbox::Rescued::unreadable;
    }
    const bool removed = holder.partition.kind == Kind::account && directory_.removed().contains(account);
    if (holder.partition.kind != Kind::queue && !removed) co_return false;
    if (!removed) {  // whose message it was stood in the entry
        if (!kept_.keeps()) co_return false;
        const auto file = co_await kept_.add_message(&store_.blobs(), blob);
        if (!file) co_return false;
        *what += ": its message is in " + *file;
    }
    store::Batch batch(holder.partition);
    batch.release(blob, holder.number);
    co_return co_await mend(std::move(batch));
}

void Fsck::tell_damaged() {
    for (auto& [blob, damage] : report_.store.damaged) {
        if (mending_ == store::Mending::yes) {
            const auto done = run_task(world_, store_.blobs().distrust(blob));
            if (!done)
                report_.store.add(Harm::lost, "blob " + to_hex(blob.view()),
                                  "what is restored may lean on it: " + done.error().text);
        }
        if (damage.told) continue;
        report_.store.add(Harm::lost, "blob " + to_hex(blob.view()),
                          damage.what + "; no message was found that needs it");
        damage.told = true;
    }
}

}  // namespace heliopost
