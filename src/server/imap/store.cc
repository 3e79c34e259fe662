// STORE: RFC 9051 §6.4.6; UNCHANGEDSINCE and MODIFIED: RFC 7162 §3.1.3.
#include <algorithm>
#include <utility>

#include "server/imap/session.h"

namespace heliopost::imap_server {
namespace {

using Mode = imap::command::Store::Mode;

// The flags that a client which asked not to be told works out for itself, as bits of the later view. What is
// otherwise there, somebody else has changed.
class Expected {
public:
    Expected(const mailbox::View& before, const mailbox::View& after, Mode mode, const imap::Flags& flags)
        : mode_(mode), bits_(flags.system) {
        const auto& known = before.keywords();
        const auto& names = after.keywords();
        comparable_ = known.size() <= names.size() && std::equal(known.begin(), known.end(), names.begin());
        for (std::size_t i = 0; i < names.size(); ++i)
            if (flags.has(names[i])) bits_ |= std::uint64_t{1} << (mailbox::keyword_bit + i);
    }

    bool holds(const mailbox::Row& before, const mailbox::Row& after) const {
        const std::uint64_t kept = mode_ == Mode::add      ? before.flags
                                   : mode_ == Mode::remove ? before.flags & ~bits_
                                                           : 0;
        return comparable_ && after.flags == (mode_ == Mode::remove ? kept : kept | bits_);
    }

private:
    Mode mode_;
    std::uint64_t bits_;
    bool comparable_ = false;
};

}  // namespace

// UIDs as the command counts: UIDs for UID STORE, numbers of the announced view otherwise.
imap::NumberSet Session::as_asked(const imap::UidSet& uids, bool uid) const {
    if (uid) return uids;
    imap::NumberSet numbers;
    uids.for_each([&](std::uint32_t value) {
        if (const auto index = selected_->view->find(Uid{value}))
            numbers.add(static_cast<std::uint32_t>(*index + 1));
    });
    return numbers;
}

net::Task<Completion> Session::store(imap::command::Store argument) {
    if (selected_->read_only) co_return refused(imap::code::read_only, "the mailbox is open for reading");
    auto rows = rows_of(argument.set, argument.uid);
    if (!rows) co_return refusal(rows.error());
    condstore_ |= argument.unchanged_since.has_value();  // RFC 7162 §3.1
    if (rows->empty()) co_return completed();
    imap::UidSet uids = uids_of(*rows);
    auto done = co_await account_->change_flags(selected_->mailbox.id, uids,
                                                {argument.mode, argument.flags, argument.unchanged_since});
    if (!done) co_return refusal(done.error());
    const auto changed = std::make_shared<const mailbox::FlagsChanged>(*std::move(done));
    const bool by_uid = argument.uid;
    const bool some_gone = !by_uid && are_some_gone(*rows, *changed->view);
    co_await tell_stored(*std::move(rows), changed, std::move(argument));
    told_uids_ = uids.subtract(changed->modified);
    told_up_to_ = changed->view->status().highest_mod_sequence;
    Completion end;
    if (some_gone) end = refused(imap::code::expunge_issued, "some messages are gone");  // RFC 5530 §3
    if (changed->modified.empty()) co_return end;
    end.code = imap::code::modified(as_asked(changed->modified, by_uid));
    end.text = "some messages were changed since";
    co_return end;
}

// Each message under its announced number; those gone meanwhile not. Without SILENT also what did not
// change is told: the client asked to see. With it, what others have changed meanwhile (RFC 9051 §6.4.6).
// Nothing of those that were not to be changed (RFC 7162 §3.1.3).
net::Task<void> Session::tell_stored(IndexRanges rows, std::shared_ptr<const mailbox::FlagsChanged> changed,
                                     imap::command::Store asked) {
    const bool uid = asked.uid;
    const auto before = selected_->view;
    const mailbox::View& after = *changed->view;
    const Expected expected(*before, after, asked.mode, asked.flags);
    if (after.keywords() != selected_->keywords_announced) append_flag_lists(after);
    RowCursor old(*before);
    RowCursor now(after);
    now.seek(after.lower_bound(before->at(rows.front().begin).uid));
    for (const auto& [begin, end] : rows)
        for (old.seek(begin); old.index() < end; old.next()) {
            const Uid wanted = old.row().uid;
            while (!now.done() && now.row().uid < wanted) now.next();
            if (now.done() || now.row().uid != wanted || changed->modified.contains(wanted)) continue;
            if (!asked.silent || !expected.holds(old.row(), now.row())) {
                append_flags_fetch(old.index(), now.row(), after, uid);
            } else if (condstore_ && now.row().mod_sequence != old.row().mod_sequence) {
                append_mod_sequence_fetch(old.index(), now.row(), uid);
            }
            if (out_.full()) co_await out_.flush();
        }
}

// With SILENT a CONDSTORE client still learns the new mod-sequence: RFC 7162 §3.1.3.
void Session::append_mod_sequence_fetch(std::size_t index, const mailbox::Row& row, bool with_uid) {
    begin_fetch(index, row, with_uid);
    std::string& out = out_.text();
    out += "MODSEQ (";
    imap::append_number(out, row.mod_sequence.value);
    out += "))\r\n";
}

}  // namespace heliopost::imap_server
