// CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE: RFC 9051 §6.3.4-§6.3.8; CREATE-SPECIAL-USE: RFC 6154 §3.
#include <algorithm>
#include <utility>

#include "server/imap/session.h"

namespace heliopost::imap_server {

net::Task<Completion> Session::create(imap::command::Create argument) {
    std::string name = std::move(argument.mailbox);
    if (name.ends_with(imap::hierarchy_separator)) name.pop_back();  // "will have children": RFC 9051 §6.3.4
    if (const auto allowed = imap::check_mailbox_name(name); !allowed)
        co_return refused(imap::code::cannot, allowed.error().text);
    mailbox::Role role = mailbox::Role::none;
    if (argument.special_uses.size() > 1)
        co_return refused(imap::code::use_attribute, "one special use a mailbox");
    if (!argument.special_uses.empty()) {
        role = mailbox::role_of(argument.special_uses.front());
        if (role == mailbox::Role::none)
            co_return refused(imap::code::use_attribute, "no such special use here");
    }
    const auto made = co_await account_->create(name, role);
    if (!made && made.error().fault == Fault::exists && role != mailbox::Role::none) {
        const auto same_name = co_await account_->find(std::move(name));
        if (!same_name) co_return refused(imap::code::use_attribute, made.error().text);  // RFC 6154 §3
    }
    if (!made) co_return refusal(made.error());
    co_return completed();
}

net::Task<Completion> Session::remove(imap::command::Delete argument) {
    const auto mailbox = co_await account_->find(argument.mailbox);
    if (!mailbox) co_return refusal(mailbox.error());
    // HASCHILDREN would say that it can go once they have (RFC 9051 §6.3.5: INBOX never can).
    if (mailbox->id == mailbox::inbox) co_return refused(imap::code::cannot, "INBOX is always there");
    const bool ours = selected_ && selected_->mailbox.id == mailbox->id;
    const auto removed = co_await account_->remove(argument.mailbox);
    if (!removed && removed.error().fault == Fault::denied) {
        const auto listing = co_await account_->list();
        const bool has_children =
            listing && std::ranges::any_of(listing->mailboxes, [&](const mailbox::Mailbox& other) {
                return other.name.starts_with(argument.mailbox + imap::hierarchy_separator);
            });
        co_return refused(has_children ? imap::code::has_children : imap::code::cannot, removed.error().text);
    }
    if (!removed) co_return refusal(removed.error());
    if (ours) {
        if (qresync_ || revision_ == imap::Revision::rev2)
            imap::append_status(out_.text(), "", imap::Condition::ok, imap::code::closed,
                                "the mailbox is gone");
        leave_mailbox();
    }
    co_return completed();
}

net::Task<Completion> Session::rename(imap::command::Rename argument) {
    std::string to = std::move(argument.to);
    if (to.ends_with(imap::hierarchy_separator)) to.pop_back();
    if (const auto allowed = imap::check_mailbox_name(to); !allowed)
        co_return refused(imap::code::cannot, allowed.error().text);
    const auto renamed = co_await account_->rename(std::move(argument.from), std::move(to));
    if (!renamed) co_return refusal(renamed.error());
    co_return completed();
}

net::Task<Completion> Session::subscribe(std::string name, bool subscribed) {
    const auto done = co_await account_->subscribe(std::move(name), subscribed);
    if (!done) co_return refusal(done.error());
    co_return completed();
}

}  // namespace heliopost::imap_server
