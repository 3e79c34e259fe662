// STORE: RFC 9051 §6.4.6; UNCHANGEDSINCE and MODIFIED: RFC 7162 §3.1.3.
#include <utility>

#include "server/imap/session.h"

namespace heliopost::imap_server {

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
    auto done = co_await account_->change_flags(
        selected_->mailbox.id, uids, {argument.mode, std::move(argument.flags), argument.unchanged_since});
    if (!done) co_return refusal(done.error());
    const auto changed = std::make_shared<const mailbox::FlagsChanged>(*std::move(done));
    const bool some_gone = !argument.uid && are_some_gone(*rows, *changed->view);
    co_await tell_stored(*std::move(rows), changed, argument.silent, argument.uid);
    told_uids_ = uids.subtract(changed->modified);
    told_up_to_ = changed->view->status().highest_mod_sequence;
    Completion end;
    if (some_gone) end = refused(imap::code::expunge_issued, "some messages are gone");  // RFC 5530 §3
    if (changed->modified.empty()) co_return end;
    end.code = imap::code::modified(as_asked(changed->modified, argument.uid));
    end.text = "some messages were changed since";
    co_return end;
}

// Each message under its announced number; those gone meanwhile not. Without SILENT also what did not
// change is told: the client asked to see. Nothing of those that were not to be changed (RFC 7162 §3.1.3).
net::Task<void> Session::tell_stored(IndexRanges rows, std::shared_ptr<const mailbox::FlagsChanged> changed,
                                     bool silent, bool uid) {
    if (silent && !condstore_) co_return;
    const auto before = selected_->view;
    const mailbox::View& after = *changed->view;
    if (after.keywords() != selected_->keywords_announced) append_flag_lists(after);
    RowCursor old(*before);
    RowCursor now(after);
    now.seek(after.lower_bound(before->at(rows.front().begin).uid));
    for (const auto& [begin, end] : rows)
        for (old.seek(begin); old.index() < end; old.next()) {
            const Uid wanted = old.row().uid;
            while (!now.done() && now.row().uid < wanted) now.next();
            if (now.done() || now.row().uid != wanted || changed->modified.contains(wanted)) continue;
            if (!silent) {
                append_flags_fetch(old.index(), now.row(), after, uid);
            } else if (changed->changed.contains(wanted)) {
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
