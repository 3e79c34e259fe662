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
    auto uids = resolve(argument.set, argument.uid);
    if (!uids) co_return refusal(uids.error());
    condstore_ |= argument.unchanged_since.has_value();  // RFC 7162 §3.1
    const auto changed = co_await account_->change_flags(
        selected_->mailbox.id, *uids, {argument.mode, std::move(argument.flags), argument.unchanged_since});
    if (!changed) co_return refusal(changed.error());
    const mailbox::View& after = *changed->view;
    if (after.keywords().size() > selected_->keywords_announced) {
        selected_->keywords_announced = 0;  // FLAGS is told with the rest
    }
    // Each message is told under its announced number; those gone meanwhile are not (RFC 7162 §3.1.3).
    // Without SILENT also what did not change is told: the client asked to see.
    const auto before = selected_->view;
    std::vector<std::uint32_t> told;
    uids->for_each([&](std::uint32_t value) { told.push_back(value); });
    for (const std::uint32_t value : told) {
        const auto number = before->find(Uid{value});
        const auto index = after.find(Uid{value});
        if (!number || !index) continue;
        const bool refused_one = changed->modified.contains(value);
        if (argument.silent && !refused_one) {
            if (condstore_ && changed->changed.contains(value))
                append_mod_sequence_fetch(*number, after.at(*index), argument.uid);
        } else if (!refused_one) {
            append_flags_fetch(*number, after.at(*index), after, argument.uid);
        }
        co_await out_.flush_if_full();
    }
    told_uids_ = uids->subtract(changed->modified);
    told_up_to_ = after.status().highest_mod_sequence;
    if (changed->modified.empty()) co_return completed();
    co_return completed(imap::code::modified(as_asked(changed->modified, argument.uid)),
                        "some messages were changed since");
}

// With SILENT a CONDSTORE client still learns the new mod-sequence: RFC 7162 §3.1.3.
void Session::append_mod_sequence_fetch(std::size_t index, const mailbox::Row& row, bool with_uid) {
    std::string& out = out_.text();
    out += "* ";
    imap::append_number(out, index + 1);
    out += " FETCH (";
    if (with_uid || qresync_) {
        out += "UID ";
        imap::append_number(out, row.uid.value);
        out += ' ';
    }
    out += "MODSEQ (";
    imap::append_number(out, row.mod_sequence.value);
    out += "))\r\n";
}

}  // namespace heliopost::imap_server
