// SELECT and EXAMINE: RFC 9051 §6.3.2, RFC 3501 §6.3.1; CONDSTORE and QRESYNC: RFC 7162 §3.1.8, §3.2.5.
#include <utility>

#include "server/imap/row_cursor.h"
#include "server/imap/session.h"

namespace heliopost::imap_server {
namespace {

imap::Flags all_flags(const mailbox::View& view) {
    imap::Flags flags;
    flags.system = imap::all_system_flags;
    flags.keywords = view.keywords();
    return flags;
}

}  // namespace

void Session::append_flag_lists(const mailbox::View& view) {
    std::string& out = out_.text();
    const imap::Flags flags = all_flags(view);
    out += "* FLAGS ";
    imap::append_flags(out, flags);
    out += "\r\n";
    const bool room = view.keywords().size() < mailbox::keywords_max;
    const auto permanent = selected_->read_only ? imap::code::permanent_flags({}, false)
                                                : imap::code::permanent_flags(flags, room);
    imap::append_status(out, "", imap::Condition::ok, permanent, "flags that stay");
    selected_->keywords_announced = view.keywords();
}

void Session::append_selected() {
    namespace code = imap::code;
    const mailbox::View& view = *selected_->view;
    const mailbox::Status& status = view.status();
    std::string& out = out_.text();
    append_flag_lists(view);
    say("* " + std::to_string(view.size()) + " EXISTS");
    if (revision_ == imap::Revision::rev1) {
        say("* 0 RECENT");  // nobody is told that a message is recent: RFC 9051 took it away
        if (const auto unseen = view.first_unseen())
            imap::append_status(out, "", imap::Condition::ok, "UNSEEN " + std::to_string(*unseen + 1),
                                "first unseen");
    } else {
        out += "* LIST () \"/\" ";  // RFC 9051 §6.3.2
        imap::append_mailbox(out, selected_->mailbox.name, revision_);
        out += "\r\n";
    }
    const auto ok = imap::Condition::ok;
    imap::append_status(out, "", ok, code::uid_validity(status.uid_validity), "UIDs are valid");
    imap::append_status(out, "", ok, code::uid_next(status.uid_next), "predicted next UID");
    imap::append_status(out, "", ok, code::highest_mod_sequence(status.highest_mod_sequence), "highest");
}

net::Task<Completion> Session::select(imap::command::Select argument) {
    if (argument.qresync && !qresync_) co_return bad("ENABLE QRESYNC first");  // RFC 7162 §3.2.5
    if (selected_) {
        if (qresync_ || revision_ == imap::Revision::rev2)
            imap::append_status(out_.text(), "", imap::Condition::ok, imap::code::closed,
                                "the previous mailbox is closed");
        leave_mailbox();
    }
    const auto mailbox = co_await account_->find(argument.mailbox);
    if (!mailbox) co_return refusal(mailbox.error());
    watch_ = account_->watch(world_, changed_);  // before the view: no change falls between
    const auto view = co_await account_->view(mailbox->id);
    if (!view) {
        watch_.reset();
        co_return refusal(view.error());
    }
    condstore_ |= argument.condstore || argument.qresync.has_value();
    selected_ = std::make_unique<Selected>();
    selected_->mailbox = *mailbox;
    selected_->read_only = argument.read_only;
    selected_->view = *view;
    stage_ = Stage::selected;
    append_selected();
    if (argument.qresync) {
        const auto told = co_await resynchronise(*std::move(argument.qresync));
        if (!told) co_return refusal(told.error());
    }
    co_return completed(std::string(argument.read_only ? imap::code::read_only : imap::code::read_write));
}

// What changed since the client was last here: RFC 7162 §3.2.5.
net::Task<Result<void>> Session::resynchronise(imap::command::Qresync since) {
    const auto view = selected_->view;
    if (since.uid_validity != view->status().uid_validity) co_return Result<void>{};
    imap::UidSet gone = CO_TRY(co_await account_->vanished(selected_->mailbox.id, since.mod_sequence));
    if (since.known_uids) gone = gone.intersect(*since.known_uids);
    append_vanished(uncounted(gone, *view), true);
    for (RowCursor rows(*view); !rows.done();) {
        if (rows.at_chunk_start() && rows.chunk()->highest <= since.mod_sequence) {
            rows.skip_chunk();
            continue;
        }
        const mailbox::Row& row = rows.row();
        if (row.mod_sequence > since.mod_sequence &&
            (!since.known_uids || since.known_uids->contains(row.uid)))
            append_flags_fetch(rows.index(), row, *view, true);
        rows.next();
        if (out_.full()) co_await out_.flush();
    }
    co_return Result<void>{};
}

void Session::leave_mailbox() {
    selected_.reset();
    watch_.reset();
    changed_.clear();
    stage_ = Stage::authenticated;
}

namespace {

// Whether all that became of the rows of one view in a later one is that some were taken away.
bool only_lost(const mailbox::View& before, const mailbox::View& after, const imap::UidSet& lost) {
    if (after.size() + lost.size() != before.size()) return false;
    RowCursor now(after);
    for (RowCursor old(before); !old.done(); old.next()) {
        if (lost.contains(old.row().uid)) continue;
        if (now.done() || now.row().uid != old.row().uid) return false;
        if (now.row().mod_sequence != old.row().mod_sequence) return false;
        now.next();
    }
    return now.done();
}

}  // namespace

// CLOSE expunges silently, UNSELECT does not: RFC 9051 §6.4.1, §6.4.2.
net::Task<Completion> Session::close(bool expunge_first) {
    const auto before = selected_->view;
    const MailboxId mailbox = selected_->mailbox.id;
    const bool expunges = expunge_first && !selected_->read_only && before->size() > 0;
    leave_mailbox();
    if (!expunges) co_return completed();
    const imap::UidSet all({{1, before->largest_uid().value}});
    const auto expunged = co_await account_->expunge(mailbox, all, true);
    if (!expunged && expunged.error().fault == Fault::not_found) co_return completed();  // deleted meanwhile
    if (!expunged) co_return refusal(expunged.error());
    if (!qresync_ || expunged->empty()) co_return completed();
    // RFC 7162 §3.2.8. The client may only be told of a state that it knows all about: where others changed
    // something meanwhile, that is the one before.
    const auto after = co_await account_->view(mailbox);
    const bool known = after && only_lost(*before, **after, *expunged);
    const auto highest = (known ? **after : *before).status().highest_mod_sequence;
    co_return completed(imap::code::highest_mod_sequence(highest));
}

}  // namespace heliopost::imap_server
