#include <doctest/doctest.h>

#include <array>
#include <map>
#include <random>
#include <set>

#include "mailbox/base_record.h"
#include "mailbox/keys.h"
#include "mailbox/test_account.h"
#include "net/task_group.h"

namespace heliopost::mailbox {
namespace {

using imap::SystemFlag;
using Mode = imap::command::Store::Mode;

// What a mailbox should hold, kept in the simplest way there is.
struct ModelRow {
    std::set<std::string> flags;
    std::string subject;
    bool operator==(const ModelRow&) const = default;
};
using Model = std::map<std::uint32_t, ModelRow>;

const std::vector<std::string> names = {"\\Seen", "\\Deleted", "\\Flagged", "one", "two", "three"};

imap::Flags to_flags(const std::set<std::string>& names_in) {
    imap::Flags flags;
    for (const std::string& name : names_in) {
        if (const auto system = imap::system_flag(name)) {
            flags.add(*system);
        } else {
            flags.add(name);
        }
    }
    return flags;
}

std::set<std::string> to_names(const imap::Flags& flags) {
    std::set<std::string> out(flags.keywords.begin(), flags.keywords.end());
    for (const SystemFlag flag : {SystemFlag::seen, SystemFlag::deleted, SystemFlag::flagged})
        if (flags.has(flag)) out.insert(std::string(imap::to_text(flag)));
    return out;
}

class Play {
public:
    explicit Play(unsigned seed) : random_(seed) {
        mailboxes_[0].id = inbox;
        mailboxes_[1].id = t.make("other");
    }

    void step() {
        const std::size_t here = pick(2);
        switch (pick(10)) {
            case 0:
            case 1:
            case 2:
                return deliver(here);
            case 3:
            case 4:
                return store_flags(here);
            case 5:
                return expunge(here);
            case 6:
                return copy(here, pick(2));
            case 7:
                return move(here, pick(2));
            case 8:
                return race(here);
            default:
                if (pick(20) == 0) t.reopen();
        }
    }

    // Both mailboxes' logs went into chunks on the way.
    bool rewritten() {
        for (const Kept& mailbox : mailboxes_) {
            const auto base =
                t.get(t.store->get(TestAccount::partition, key::of(key::Kind::base, mailbox.id)));
            if (!base || decode_base(base)->mod_sequence.value < 100) return false;
        }
        return true;
    }

    void check_all() {
        std::uint64_t octets = 0;
        for (auto& mailbox : mailboxes_) {
            check_one(mailbox);
            octets += t.view(mailbox.id)->status().octets;
        }
        REQUIRE(t.get(t.account->quota()).octets == octets);
    }

    TestAccount t{AccountsOptions{.view_memory_max = 1, .log_operations_max = 15, .rewrite_octets_max = 1}};

private:
    struct Kept {
        MailboxId id;
        Model model;
        Uid uid_next{1};
        ModSequence highest;
        std::shared_ptr<const View> view;
    };

    std::size_t pick(std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
    }
    std::set<std::string> some_flags() {
        std::set<std::string> out;
        for (std::size_t i = pick(3); i > 0; --i) out.insert(names[pick(names.size())]);
        return out;
    }
    imap::UidSet some_uids(const Kept& mailbox) {
        const auto next = static_cast<std::size_t>(mailbox.uid_next.value) + 2;
        imap::UidSet uids;
        for (std::size_t i = pick(4); i > 0; --i) {
            const auto first = static_cast<std::uint32_t>(1 + pick(next));
            uids = uids.unite(imap::UidSet({{first, first + static_cast<std::uint32_t>(pick(6))}}));
        }
        return uids;
    }

    void check_one(Kept& mailbox) {
        const auto view = t.view(mailbox.id);
        REQUIRE(view->size() == mailbox.model.size());
        std::size_t index = 0;
        for (const auto& [uid, row] : mailbox.model) {
            REQUIRE(view->at(index).uid.value == uid);
            REQUIRE(to_names(view->flags_of(view->at(index))) == row.flags);
            REQUIRE(view->find(Uid(uid)) == index);
            ++index;
        }
        const Status& status = view->status();
        REQUIRE(status.uid_next >= mailbox.uid_next);
        REQUIRE(status.highest_mod_sequence >= mailbox.highest);
        REQUIRE(status == t.get(t.account->status(mailbox.id)));
        if (mailbox.view) check_vanished(mailbox, *view);
        mailbox.uid_next = status.uid_next;
        mailbox.highest = status.highest_mod_sequence;
        if (pick(10) == 0) mailbox.view = view;
    }

    // What QRESYNC would tell a client that has the old View: what went, and what changed.
    void check_vanished(const Kept& mailbox, const View& view) {
        const ModSequence since = mailbox.view->status().highest_mod_sequence;
        const imap::UidSet gone = t.get(t.account->vanished(mailbox.id, since));
        for (std::size_t i = 0; i < mailbox.view->size(); ++i) {
            const Row& old = mailbox.view->at(i);
            const auto now = view.find(old.uid);
            REQUIRE(gone.contains(old.uid) == !now.has_value());
            if (now && view.at(*now).mod_sequence <= since)
                REQUIRE(view.flags_of(view.at(*now)) == mailbox.view->flags_of(old));
        }
    }

    void deliver(std::size_t here) {
        const auto flags = some_flags();
        const std::string subject = std::to_string(++count_);
        const Uid uid = t.deliver(mailboxes_[here].id, message_text(subject), to_flags(flags));
        REQUIRE(uid >= mailboxes_[here].uid_next);
        mailboxes_[here].model[uid.value] = {flags, subject};
    }

    void apply(Model& model, const imap::UidSet& uids, const FlagChange& change,
               const std::set<std::string>& flags) {
        for (auto& [uid, row] : model) {
            if (!uids.contains(uid)) continue;
            if (change.mode == Mode::replace) row.flags = flags;
            for (const std::string& flag : flags) {
                if (change.mode == Mode::add) row.flags.insert(flag);
                if (change.mode == Mode::remove) row.flags.erase(flag);
            }
        }
    }

    void store_flags(std::size_t here) {
        const auto flags = some_flags();
        const FlagChange change{static_cast<Mode>(pick(3)), to_flags(flags), std::nullopt};
        const imap::UidSet uids = pick(4) == 0 ? everything : some_uids(mailboxes_[here]);
        const Model before = mailboxes_[here].model;
        const auto done = t.get(t.account->change_flags(mailboxes_[here].id, uids, change));
        apply(mailboxes_[here].model, uids, change, flags);
        for (const auto& [uid, row] : mailboxes_[here].model)
            REQUIRE(done.changed.contains(uid) == (row != before.at(uid)));
    }

    void expunge(std::size_t here) {
        const bool only_deleted = pick(3) != 0;
        const imap::UidSet uids = only_deleted ? everything : some_uids(mailboxes_[here]);
        const auto gone = t.get(t.account->expunge(mailboxes_[here].id, uids, only_deleted));
        std::size_t expected = 0;
        std::erase_if(mailboxes_[here].model, [&](const auto& entry) {
            const bool goes =
                uids.contains(entry.first) && (!only_deleted || entry.second.flags.contains("\\Deleted"));
            expected += goes;
            if (goes) REQUIRE(gone.contains(entry.first));
            return goes;
        });
        REQUIRE(gone.size() == expected);
    }

    void copy(std::size_t here, std::size_t there) {
        const Copied copied = t.get(
            t.account->copy(mailboxes_[here].id, some_uids(mailboxes_[here]), mailboxes_[there].id, {}));
        for (std::size_t i = 0; i < copied.from.size(); ++i)
            mailboxes_[there].model[copied.to[i].value] = mailboxes_[here].model.at(copied.from[i].value);
    }

    void move(std::size_t here, std::size_t there) {
        const Copied moved =
            t.get(t.account->move(mailboxes_[here].id, some_uids(mailboxes_[here]), mailboxes_[there].id));
        for (std::size_t i = 0; i < moved.from.size(); ++i) {
            const ModelRow row = mailboxes_[here].model.at(moved.from[i].value);
            mailboxes_[here].model.erase(moved.from[i].value);
            mailboxes_[there].model[moved.to[i].value] = row;
        }
    }

    // Deliveries and changes at once: the changes come to what they were given, in either order.
    void race(std::size_t here) {
        Kept& mailbox = mailboxes_[here];
        const imap::UidSet flagged = some_uids(mailbox);
        const FlagChange change{Mode::add, to_flags({"\\Seen", "race"}), std::nullopt};
        net::TaskGroup tasks(t.world, "race");
        std::vector<TestAccount::Staged> staged;
        for (int i = 0; i < 3; ++i) staged.push_back(t.stage(message_text(std::to_string(++count_))));
        for (const auto& one : staged) tasks.spawn(deliver_task(&t, &one, mailbox.id, &mailbox.model));
        std::optional<FlagsChanged> changed;
        tasks.spawn(store_task(&t, mailbox.id, flagged, change, &changed));
        for (const auto& one : staged) tasks.spawn(append_task(&t, &one, mailbox.id, &mailbox.model));
        t.network.run(t.world, join(&tasks));
        ASSERT(changed.has_value());
        for (auto& [uid, row] : mailbox.model)
            if (changed->changed.contains(uid)) row.flags.insert({"\\Seen", "race"});
        for (auto& [uid, row] : mailbox.model)
            if (uid < mailbox.uid_next.value && flagged.contains(uid)) REQUIRE(row.flags.contains("race"));
    }

    static net::Task<void> join(net::TaskGroup* tasks) { co_await tasks->join(Deadline::max()); }
    static net::Task<void> deliver_task(TestAccount* t, const TestAccount::Staged* staged, MailboxId id,
                                        Model* model) {
        store::Batch batch(TestAccount::partition);
        const Filed filed = file(batch, id, staged->email, {}, t->world.now(), Quota{});
        std::vector<store::Batch> batches;
        batches.push_back(std::move(batch));
        const auto committed = co_await t->store->commit(std::move(batches), {staged->blob});
        if (committed) (*model)[static_cast<std::uint32_t>(committed->parts[0].of(filed.uid))] = {};
    }
    static net::Task<void> append_task(TestAccount* t, const TestAccount::Staged* staged, MailboxId id,
                                       Model* model) {
        const auto appended = co_await t->account->append(id, {staged->email}, {staged->blob}, {}, {});
        if (!appended) co_return;
        const auto uid = appended->uids.smallest();
        ASSERT(uid.has_value());
        (*model)[*uid] = {};
    }
    static net::Task<void> store_task(TestAccount* t, MailboxId id, imap::UidSet uids, FlagChange change,
                                      std::optional<FlagsChanged>* out) {
        auto changed = co_await t->account->change_flags(id, uids, change);
        if (changed) *out = std::move(*changed);
    }

    std::mt19937 random_;
    std::array<Kept, 2> mailboxes_;
    int count_ = 0;
};

}  // namespace

TEST_CASE("2,000 random steps on two mailboxes agree with a simple model") {
    Play play(2026);
    for (int step = 0; step < 2'000; ++step) {
        CAPTURE(step);
        play.step();
        play.check_all();
        if (step % 200 == 199) {
            const auto problems = play.t.problems();
            CHECK_MESSAGE(problems.empty(), (problems.empty() ? std::string() : problems[0]));
            play.t.reopen();
            play.check_all();
        }
    }
    CHECK(play.rewritten());
}

}  // namespace heliopost::mailbox
