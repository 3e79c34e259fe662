// COPY, MOVE and EXPUNGE: RFC 9051 §6.4.3, §6.4.7, §6.4.8, §6.4.9; COPYUID: RFC 4315.
//
// A sequence number whose message another session took away is no silent success: the answer is NO
// [EXPUNGEISSUED] (RFC 5530 §3). COPY then copies nothing, for it is all or nothing (RFC 9051 §6.4.7, RFC
// 2180 §4.4.1); MOVE moves the others (RFC 6851 §3.3). UIDs that are gone are passed over: RFC 9051 §6.4.9.
#include <utility>

#include "server/imap/session.h"

namespace heliopost::imap_server {
namespace {

std::string copy_code(const mailbox::Copied& copied) {
    imap::UidSet from;
    imap::UidSet to;
    for (const Uid uid : copied.from) from.add(uid);
    for (const Uid uid : copied.to) to.add(uid);
    return from.empty() ? std::string() : imap::code::copy_uid(copied.uid_validity, from, to);
}

Completion some_are_gone() {
    return refused(imap::code::expunge_issued, "some messages are gone");
}

}  // namespace

// The destination of COPY and MOVE; one that is not there may be created: RFC 9051 §6.4.7.
net::Task<std::expected<MailboxId, Completion>> Session::destination(std::string name) {
    const auto mailbox = co_await account_->find(std::move(name));
    if (mailbox) co_return mailbox->id;
    if (mailbox.error().fault == Fault::not_found)
        co_return std::unexpected(refused(imap::code::try_create, "no such mailbox"));
    co_return std::unexpected(refusal(mailbox.error()));
}

net::Task<Completion> Session::copy(imap::command::Copy argument) {
    const auto rows = rows_of(argument.set, argument.uid);
    if (!rows) co_return refusal(rows.error());
    const auto to = co_await destination(std::move(argument.mailbox));
    if (!to) co_return to.error();
    if (rows->empty()) co_return completed();
    const imap::UidSet uids = uids_of(*rows);
    if (!argument.uid) {
        const auto newest = co_await account_->view(selected_->mailbox.id);
        if (!newest) co_return refusal(newest.error());
        if (are_some_gone(*rows, **newest)) co_return some_are_gone();
    }
    const mailbox::Quota quota{login_->quota_octets, mailbox::Quota::Mode::enforce};
    const auto copied = co_await account_->copy(selected_->mailbox.id, uids, *to, quota);
    if (!copied) co_return refusal(copied.error());
    co_return completed(copy_code(*copied));
}

net::Task<Completion> Session::move(imap::command::Move argument) {
    if (selected_->read_only) co_return refused(imap::code::read_only, "the mailbox is open for reading");
    const auto rows = rows_of(argument.set, argument.uid);
    if (!rows) co_return refusal(rows.error());
    const auto to = co_await destination(std::move(argument.mailbox));
    if (!to) co_return to.error();
    if (rows->empty()) co_return completed();
    std::size_t asked = 0;
    for (const auto& [begin, end] : *rows) asked += end - begin;
    const auto moved = co_await account_->move(selected_->mailbox.id, uids_of(*rows), *to);
    if (!moved) co_return refusal(moved.error());
    const std::string code = copy_code(*moved);
    // Before the EXPUNGEs, so that a client that is cut off knows where its messages went: RFC 6851 §4.3.
    if (!code.empty()) imap::append_status(out_.text(), "", imap::Condition::ok, code, "moved");
    if (!argument.uid && moved->from.size() < asked) co_return some_are_gone();
    co_return co_await completed_with_highest(!moved->from.empty());
}

net::Task<Completion> Session::expunge(std::optional<imap::SequenceSet> set) {
    if (selected_->read_only) co_return refused(imap::code::read_only, "the mailbox is open for reading");
    imap::UidSet uids;
    if (set) {
        auto resolved = resolve(*set, true);
        if (!resolved) co_return refusal(resolved.error());
        uids = *std::move(resolved);
        if (uids.empty()) co_return completed();
    } else if (const Uid last = selected_->view->largest_uid(); last.value != 0) {
        uids.add(imap::NumberRange{1, last.value});
    }
    const auto expunged = co_await account_->expunge(selected_->mailbox.id, std::move(uids), true);
    if (!expunged) co_return refusal(expunged.error());
    co_return co_await completed_with_highest(!expunged->empty());
}

// With QRESYNC the state after messages were taken away; all of it is told before: RFC 7162 §3.2.7, §3.2.10.
net::Task<Completion> Session::completed_with_highest(bool taken_away) {
    if (!qresync_ || !taken_away) co_return completed();
    co_await synchronise(Telling::everything);
    const auto highest = selected_->view->status().highest_mod_sequence;
    co_return completed(imap::code::highest_mod_sequence(highest));
}

}  // namespace heliopost::imap_server
