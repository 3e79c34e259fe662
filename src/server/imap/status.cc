// STATUS: RFC 9051 §6.3.11; SIZE: RFC 8438; HIGHESTMODSEQ: RFC 7162; APPENDLIMIT: RFC 7889.
#include "server/imap/session.h"

namespace heliopost::imap_server {
namespace {

std::uint64_t value_of(imap::StatusItem item, const mailbox::Status& status, std::uint64_t append_limit) {
    switch (item) {
        case imap::StatusItem::messages:
            return status.messages;
        case imap::StatusItem::recent:
            return 0;
        case imap::StatusItem::uid_next:
            return status.uid_next.value;
        case imap::StatusItem::uid_validity:
            return status.uid_validity.value;
        case imap::StatusItem::unseen:
            return status.unseen;
        case imap::StatusItem::deleted:
            return status.deleted;
        case imap::StatusItem::size:
            return status.octets;
        case imap::StatusItem::highest_mod_sequence:
            return status.highest_mod_sequence.value;
        case imap::StatusItem::append_limit:
            return append_limit;
    }
    return 0;
}

}  // namespace

void Session::append_status(const mailbox::Mailbox& mailbox, const mailbox::Status& status,
                            imap::StatusItems items) {
    std::string& out = out_.text();
    out += "* STATUS ";
    imap::append_mailbox(out, mailbox.name, revision_);
    out += " (";
    bool first = true;
    for (int i = 0; i < imap::status_items; ++i) {
        const auto item = static_cast<imap::StatusItem>(i);
        if (!items.has(item)) continue;
        if (!first) out += ' ';
        first = false;
        out += imap::to_text(item);
        out += ' ';
        imap::append_number(out, value_of(item, status, service_.message_octets_max));
    }
    out += ")\r\n";
    if (items.has(imap::StatusItem::highest_mod_sequence)) condstore_ = true;  // RFC 7162 §3.1
}

net::Task<Completion> Session::status(imap::command::Status argument) {
    const auto mailbox = co_await account_->find(argument.mailbox);
    if (!mailbox) co_return refusal(mailbox.error());
    const auto status = co_await account_->status(mailbox->id);
    if (!status) co_return refusal(status.error());
    append_status(*mailbox, *status, argument.items);
    co_return completed();
}

}  // namespace heliopost::imap_server
