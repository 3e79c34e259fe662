#include "server/imap/fetch.h"

#include <algorithm>
#include <utility>

#include "proto/imap/date.h"
#include "proto/imap/encode.h"
#include "proto/imap/structure_writer.h"
#include "server/imap/session.h"

namespace heliopost::imap_server {
namespace {

using Kind = imap::FetchItem::Kind;

bool is_row_item(Kind kind) {
    return kind == Kind::flags || kind == Kind::uid || kind == Kind::mod_sequence ||
           kind == Kind::internal_date || kind == Kind::rfc822_size;
}

imap::Section section_of(const imap::FetchItem& item) {
    imap::Section section = item.section;
    if (item.kind == Kind::rfc822_header) section.text = imap::Section::Text::header;
    if (item.kind == Kind::rfc822_text) section.text = imap::Section::Text::text;
    return section;
}

}  // namespace

bool Fetch::needs_emails() const {
    return std::ranges::any_of(asked_.items, [](const auto& item) { return !is_row_item(item.kind); });
}

net::Task<Result<bool>> Fetch::run(std::vector<std::size_t> indexes) {
    bool all_there = true;
    if (!needs_emails()) {
        for (const std::size_t index : indexes) {
            CO_TRY(co_await answer(index, nullptr));
            if (out_.full()) co_await out_.flush();
        }
        co_return true;
    }
    for (std::size_t from = 0; from < indexes.size(); from += emails_at_once) {
        const std::size_t to = std::min(indexes.size(), from + emails_at_once);
        std::vector<EmailId> ids;
        for (std::size_t i = from; i < to; ++i) ids.push_back(view_->at(indexes[i]).email);
        const auto emails = CO_TRY(co_await account_.emails(std::move(ids)));
        for (std::size_t i = from; i < to; ++i) {
            const auto email = emails.at(i - from);
            if (email == nullptr) {
                all_there = false;
                continue;
            }
            all_there &= CO_TRY(co_await answer(indexes[i], email));
            co_await out_.flush_if_full();
        }
    }
    co_return all_there;
}

// One message's answer. An error before its first octet loses only this message; later ones close the
// connection, for a literal cannot be taken back.
net::Task<Result<bool>> Fetch::answer(std::size_t index, std::shared_ptr<const mailbox::Email> email) {
    const mailbox::Row& row = view_->at(index);
    std::string& out = out_.text();
    out += "* ";
    imap::append_number(out, index + 1);
    out += " FETCH (";
    bool first = true;
    for (const imap::FetchItem& item : asked_.items) {
        if (!first) out_.text() += ' ';
        first = false;
        imap::append_item_name(out_.text(), item);
        out_.text() += ' ';
        if (is_row_item(item.kind)) {
            append_row_item(item, row);
        } else {
            const auto done = co_await append_email_item(item, email);
            if (!done) throw net::Gone("a message could not be read to its end: " + done.error().text);
        }
    }
    out_.text() += ")\r\n";
    co_return true;
}

void Fetch::append_row_item(const imap::FetchItem& item, const mailbox::Row& row) {
    std::string& out = out_.text();
    switch (item.kind) {
        case Kind::flags:
            out += '(';
            view_->append_flags(out, row);
            out += ')';
            break;
        case Kind::uid:
            imap::append_number(out, row.uid.value);
            break;
        case Kind::mod_sequence:
            out += '(';
            imap::append_number(out, row.mod_sequence.value);
            out += ')';
            break;
        case Kind::internal_date:
            imap::append_date_time(out, {from_unix_milliseconds(row.received), {}});
            break;
        default:
            imap::append_number(out, row.octets);
            break;
    }
}

net::Task<Result<void>> Fetch::append_email_item(imap::FetchItem item,
                                                 std::shared_ptr<const mailbox::Email> email) {
    std::string& out = out_.text();
    const mime::Structure& structure = *email->structure;
    switch (item.kind) {
        case Kind::envelope:
            imap::append_envelope(out, structure.envelopes.at(structure.parts.front().envelope.value_or(0)),
                                  revision_);
            co_return Result<void>{};
        case Kind::body:
            imap::append_structure(out, structure, imap::StructureForm::body, revision_);
            co_return Result<void>{};
        case Kind::body_structure:
            imap::append_structure(out, structure, imap::StructureForm::body_structure, revision_);
            co_return Result<void>{};
        case Kind::binary:
        case Kind::binary_size:
            co_return co_await append_binary(std::move(item), std::move(email));
        default:
            co_return co_await append_section(std::move(item), std::move(email));
    }
}

net::Task<Result<void>> Fetch::append_section(imap::FetchItem item,
                                              std::shared_ptr<const mailbox::Email> email) {
    const imap::Section section = section_of(item);
    const auto range = section_range(*email, section);
    if (!range) {
        out_.text() += "NIL";
        co_return Result<void>{};
    }
    using Text = imap::Section::Text;
    if (section.text == Text::header_fields || section.text == Text::header_fields_not)
        co_return co_await append_header_fields(std::move(item), std::move(email), *range);
    const OctetRange wanted = cut(*range, item.partial);
    // Deviates from RFC 9051 §4.3.1: a NUL in the message goes out as it is. Octet-exact is our promise, and
    // what clients make of it is what they make of every other server that keeps it.
    imap::append_literal_header(out_.text(), wanted.octets());
    co_return co_await append_octets(std::move(email), wanted);
}

net::Task<Result<void>> Fetch::append_header_fields(imap::FetchItem item,
                                                    std::shared_ptr<const mailbox::Email> email,
                                                    OctetRange range) {
    std::string header;
    range.end = std::min(range.end, range.begin + header_octets_max);
    while (header.size() < range.octets()) {
        const std::string piece = CO_TRY(
            co_await account_.read(email, range.begin + header.size(), range.octets() - header.size()));
        if (piece.empty()) break;
        header += piece;
    }
    const std::string fields = filter_header(header, item.section);
    const OctetRange wanted = cut({0, fields.size()}, item.partial);
    imap::append_literal(out_.text(), std::string_view(fields).substr(wanted.begin, wanted.octets()));
    co_return Result<void>{};
}

net::Task<Result<void>> Fetch::append_octets(std::shared_ptr<const mailbox::Email> email, OctetRange range) {
    while (range.begin < range.end) {
        const auto count = std::min<std::uint64_t>(range.octets(), store::chunk_octets);
        const std::string piece = CO_TRY(co_await account_.read(email, range.begin, count));
        if (piece.empty()) co_return fail(Fault::internal, "a message is shorter than its record says");
        out_.text() += piece;
        range.begin += piece.size();
        co_await out_.flush_if_full();
    }
    co_return Result<void>{};
}

namespace {

bool has_item(const imap::command::Fetch& asked, Kind kind) {
    return std::ranges::any_of(asked.items, [&](const auto& item) { return item.kind == kind; });
}

}  // namespace

// What was asked, with what goes without saying: UID of UID FETCH, MODSEQ of CHANGEDSINCE.
void Session::complete_items(imap::command::Fetch& asked) {
    if (asked.changed_since || has_item(asked, Kind::mod_sequence)) condstore_ = true;  // RFC 7162 §3.1
    if (asked.uid && !has_item(asked, Kind::uid))
        asked.items.insert(asked.items.begin(), {.kind = Kind::uid});
    if (asked.changed_since && !has_item(asked, Kind::mod_sequence))
        asked.items.push_back({.kind = Kind::mod_sequence});
}

net::Task<Completion> Session::fetch(imap::command::Fetch argument) {
    if (argument.vanished && !qresync_) co_return bad("ENABLE QRESYNC first");  // RFC 7162 §3.2.6
    complete_items(argument);
    const auto uids = resolve(argument.set, argument.uid);
    if (!uids) co_return refusal(uids.error());
    const auto view = selected_->view;
    if (argument.vanished) {
        const auto gone = co_await account_->vanished(selected_->mailbox.id, *argument.changed_since);
        if (!gone) co_return refusal(gone.error());
        const auto asked = argument.set.saved_result ? selected_->saved
                                                     : argument.set.resolve(view->status().uid_next.value);
        append_vanished(gone->intersect(asked), true);
    }
    const bool sets_seen = !selected_->read_only && std::ranges::any_of(argument.items, [](const auto& item) {
        return item.sets_seen();
    });
    std::vector<std::size_t> indexes;
    imap::UidSet unseen;
    for (const auto& [first, last] : uids->ranges())
        for (std::size_t i = view->lower_bound(Uid{first}); i < view->size(); ++i) {
            const mailbox::Row& row = view->at(i);
            if (row.uid.value > last) break;
            if (argument.changed_since && row.mod_sequence <= *argument.changed_since) continue;
            indexes.push_back(i);
            if (sets_seen && !row.has(imap::SystemFlag::seen)) unseen.add(row.uid);
        }
    Fetch fetch(*account_, out_, view, revision_, std::move(argument));
    const auto all_there = co_await fetch.run(std::move(indexes));
    if (!all_there) co_return refusal(all_there.error());
    if (!unseen.empty()) {
        mailbox::FlagChange seen{imap::command::Store::Mode::add, {}, std::nullopt};
        seen.flags.add(imap::SystemFlag::seen);
        const auto changed =
            co_await account_->change_flags(selected_->mailbox.id, std::move(unseen), std::move(seen));
        if (!changed) co_return refusal(changed.error());  // synchronise() tells the new flags
    }
    if (fetch.unknown_encoding())
        co_return refused(imap::code::unknown_cte, "a part's encoding is not known");
    if (!*all_there) co_return refused(imap::code::expunge_issued, "some messages are gone");
    co_return completed();
}

}  // namespace heliopost::imap_server
