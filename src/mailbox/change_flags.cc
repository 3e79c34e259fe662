// STORE: in slices, so that no commit grows with the mailbox.
#include <algorithm>

#include "mailbox/changes.h"
#include "mailbox/core.h"
#include "mailbox/row_walk.h"

namespace heliopost::mailbox {
namespace {

using Mode = imap::command::Store::Mode;
using imap::SystemFlag;

Result<> check_keywords(const View& view, const FlagChange& change) {
    if (change.mode == Mode::remove) return {};
    std::vector<std::string> all = view.keywords();
    for (const std::string& keyword : change.flags.keywords) {
        if (find_keyword(all, keyword)) continue;
        if (all.size() == keywords_max)
            return fail(Fault::too_large, "too many different keywords in this mailbox");
        all.push_back(keyword);
    }
    return {};
}

// What the change makes of a row's flags.
class Effect {
public:
    Effect(const View& view, const FlagChange& change) {
        bits_ = change.flags.system;
        for (const std::string& keyword : change.flags.keywords) {
            if (const auto known = find_keyword(view.keywords(), keyword)) {
                bits_ |= std::uint64_t{1} << (keyword_bit + *known);
            } else {
                has_new_ = change.mode != Mode::remove;
            }
        }
        keep_ = change.mode == Mode::add ? ~std::uint64_t{0} : change.mode == Mode::remove ? ~bits_ : 0;
        set_ = change.mode == Mode::remove ? 0 : bits_;
    }

    std::uint64_t on(std::uint64_t flags) const { return (flags & keep_) | set_; }
    bool changes(std::uint64_t flags) const { return has_new_ || on(flags) != flags; }

private:
    std::uint64_t bits_ = 0, keep_ = 0, set_ = 0;
    bool has_new_ = false;  // a keyword that no message has yet
};

// The rows that one commit changes.
class Slice {
public:
    Slice(const Effect& effect, std::optional<ModSequence> unchanged_since)
        : effect_(effect), unchanged_since_(unchanged_since) {}

    bool full() const { return emails_.size() >= slice_rows; }
    bool empty() const { return emails_.empty(); }

    void visit(const Row& row, bool gap) {
        if (gap) skip();
        if (unchanged_since_ && row.mod_sequence > *unchanged_since_) {  // RFC 7162 §3.1.3
            modified.add(row.uid);
            return skip();
        }
        if (!effect_.changes(row.flags)) return skip();
        Row after = row;
        after.flags = effect_.on(row.flags);
        counts_.subtract(row);
        counts_.add(after);
        changed.add(row.uid);
        ranges_.take(row.uid);
        emails_.push_back(row.email);
    }
    void skip() { ranges_.skip(); }

    store::Batch batch(store::PartitionId partition, MailboxId mailbox, const FlagChange& change) {
        store::Batch out(partition);
        put_operation(
            out, mailbox,
            encode(SetFlags{change.mode, change.flags.system, change.flags.keywords, ranges_.ranges()}));
        change_counts(out, mailbox, counts_);
        log_emails(out, mailbox, ids_flags, std::move(emails_));
        return out;
    }

    imap::UidSet changed;
    imap::UidSet modified;

private:
    const Effect& effect_;
    std::optional<ModSequence> unchanged_since_;
    Counts counts_;
    RangeBuilder ranges_;
    std::vector<EmailId> emails_;
};

}  // namespace

net::Task<Result<FlagsChanged>> change_flags(Core* core, MailboxId mailbox, imap::UidSet uids,
                                             FlagChange change) {
    const LoadedPtr before = CO_TRY(co_await newest_view(core, mailbox));
    const View& view = *before->view;
    CO_TRY(check_keywords(view, change));
    const Effect effect(view, change);
    FlagsChanged done{before->view, {}, {}};

    // Over the View as it was: what arrives meanwhile is not meant.
    RowWalk walk(view, uids.ranges());
    for (const Row* row = walk.next(); row != nullptr;) {
        Slice slice(effect, change.unchanged_since);
        for (; row != nullptr && !slice.full(); row = walk.next()) slice.visit(*row, walk.gap());
        done.modified = done.modified.unite(slice.modified);
        if (slice.empty()) continue;
        done.changed = done.changed.unite(slice.changed);
        CO_TRY(co_await core->store.commit(slice.batch(core->partition(), mailbox, change)));
        const LoadedPtr after = CO_TRY(co_await newest_view(core, mailbox));
        done.view = after->view;
    }
    co_return done;
}

}  // namespace heliopost::mailbox
