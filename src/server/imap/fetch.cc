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

bool is_structure_item(Kind kind) {
    return kind == Kind::envelope || kind == Kind::body || kind == Kind::body_structure;
}

}  // namespace

Fetch::Source Fetch::source() const {
    Source source = Source::rows;
    for (const imap::FetchItem& item : asked_.items) {
        if (is_row_item(item.kind)) continue;
        if (item.kind != Kind::envelope) return Source::emails;
        source = Source::envelopes;
    }
    return source;
}

net::Task<Result<void>> Fetch::run(IndexRanges rows) {
    if (source() == Source::rows) {
        co_await answer_rows(std::move(rows));
        co_return Result<void>{};
    }
    std::vector<std::size_t> indexes;
    RowCursor cursor(*view_);
    for (const auto& [begin, end] : rows)
        for (cursor.seek(begin); cursor.index() < end; cursor.next()) {
            if (!is_wanted(cursor.row())) continue;
            indexes.push_back(cursor.index());
            if (indexes.size() < emails_at_once) continue;
            CO_TRY(co_await answer_page(std::exchange(indexes, {})));
        }
    co_return co_await answer_page(std::move(indexes));
}

// No coroutine for each row: this is what a client asks of a whole mailbox.
net::Task<void> Fetch::answer_rows(IndexRanges rows) {
    RowCursor cursor(*view_);
    for (const auto& [begin, end] : rows)
        for (cursor.seek(begin); cursor.index() < end; cursor.next()) {
            if (!is_wanted(cursor.row())) continue;
            ShortAnswer answer;
            append_short_answer(cursor.index(), cursor.row(), nullptr, answer);
            if (out_.full()) co_await out_.flush();
        }
}

net::Task<Result<void>> Fetch::answer_page(std::vector<std::size_t> indexes) {
    if (indexes.empty()) co_return Result<void>{};
    std::vector<EmailId> ids;
    ids.reserve(indexes.size());
    for (const std::size_t index : indexes) ids.push_back(view_->at(index).email);
    if (source() == Source::envelopes)
        co_return co_await answer_envelopes(std::move(indexes), std::move(ids));
    co_return co_await answer_emails(std::move(indexes), std::move(ids));
}

net::Task<Result<void>> Fetch::answer_envelopes(std::vector<std::size_t> indexes, std::vector<EmailId> ids) {
    for (auto next = indexes.begin(); next != indexes.end();) {
        ids.erase(ids.begin(), ids.end() - (indexes.end() - next));
        auto envelopes = CO_TRY(co_await account_.envelopes(ids));
        for (std::size_t i = 0; i < envelopes.size(); ++i, ++next) {
            const mailbox::Row& row = view_->at(*next);
            if (envelopes.is_gone(i))
                some_gone_ = true;
            else if (const auto envelope = envelopes.read(i))
                for (ShortAnswer answer; !append_short_answer(*next, row, *envelope, answer);)
                    co_await out_.flush();
            else
                pass_over(row.email, envelope.error().text);
            if (out_.full()) co_await out_.flush();
        }
    }
    co_return Result<void>{};
}

net::Task<Result<void>> Fetch::answer_emails(std::vector<std::size_t> indexes, std::vector<EmailId> ids) {
    for (auto next = indexes.begin(); next != indexes.end();) {
        ids.erase(ids.begin(), ids.end() - (indexes.end() - next));
        auto emails = CO_TRY(co_await account_.emails(ids));
        for (auto& email : emails) {
            const std::size_t index = *next++;
            if (email == nullptr) {
                some_gone_ = true;
                continue;
            }
            co_await answer(index, std::move(email));
            if (out_.full()) co_await out_.flush();
        }
    }
    co_return Result<void>{};
}

// One message's answer. One that cannot be read is left out, unless some of it was sent: a literal cannot be
// taken back.
net::Task<void> Fetch::answer(std::size_t index, std::shared_ptr<const mailbox::Email> email) {
    const mailbox::Row& row = view_->at(index);
    const std::uint64_t flushes = out_.flushes();
    const std::size_t begin = out_.text().size();
    append_number(index);
    bool first = true;
    for (const imap::FetchItem& item : asked_.items) {
        if (!std::exchange(first, false)) out_.text() += ' ';
        imap::append_item_name(out_.text(), item);
        out_.text() += ' ';
        if (is_row_item(item.kind)) {
            append_row_item(item, row);
            continue;
        }
        if (item.kind == Kind::envelope) {
            co_await append_envelope(email);
        } else if (is_structure_item(item.kind)) {
            append_structure_item(item, *email->structure);
        } else if (const auto done = co_await append_octets_item(item, email); !done) {
            pass_over(email->id, done.error().text);
            if (out_.flushes() != flushes) throw net::Gone("a message could not be read to its end");
            out_.text().resize(begin);
            co_return;
        }
        if (out_.full()) co_await out_.flush();
    }
    out_.text() += ")\r\n";
}

bool Fetch::append_short_answer(std::size_t index, const mailbox::Row& row,
                                const mime::EnvelopeView* envelope, ShortAnswer& answer) {
    std::string& out = out_.text();
    if (answer == ShortAnswer{}) append_number(index);
    for (; answer.item < asked_.items.size(); ++answer.item) {
        const imap::FetchItem& item = asked_.items[answer.item];
        if (answer.envelope == imap::EnvelopePlace{}) {
            if (answer.item > 0) out += ' ';
            imap::append_item_name(out, item);
            out += ' ';
        }
        if (item.kind != Kind::envelope)
            append_row_item(item, row);
        else if (!imap::append_envelope(out, *envelope, revision_, answer.envelope, output_octets_max))
            return false;
        answer.envelope = {};
    }
    out += ")\r\n";
    return true;
}

net::Task<void> Fetch::append_envelope(std::shared_ptr<const mailbox::Email> email) {
    const mime::Structure& structure = *email->structure;
    const mime::Envelope& envelope = structure.envelopes.at(structure.parts.front().envelope.value_or(0));
    for (imap::EnvelopePlace place;
         !imap::append_envelope(out_.text(), envelope, revision_, place, output_octets_max);)
        co_await out_.flush();
}

void Fetch::append_number(std::size_t index) {
    out_.text() += "* ";
    imap::append_number(out_.text(), index + 1);
    out_.text() += " FETCH (";
}

void Fetch::pass_over(EmailId email, const std::string& reason) {
    log_.error("message.unreadable",
               {{"account", account_.id().value}, {"email", email.value}, {"reason", reason}});
    some_unreadable_ = true;
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

void Fetch::append_structure_item(const imap::FetchItem& item, const mime::Structure& structure) {
    std::string& out = out_.text();
    if (item.kind == Kind::body)
        imap::append_structure(out, structure, imap::StructureForm::body, revision_);
    else
        imap::append_structure(out, structure, imap::StructureForm::body_structure, revision_);
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
    auto rows = rows_of(argument.set, argument.uid);
    if (!rows) co_return refusal(rows.error());
    const auto view = selected_->view;
    if (argument.vanished) {
        const auto gone = co_await account_->vanished(selected_->mailbox.id,
                                                      argument.changed_since.value_or(ModSequence{}));
        if (!gone) co_return refusal(gone.error());
        const auto asked = argument.set.saved_result ? selected_->saved
                                                     : argument.set.resolve(view->status().uid_next.value);
        append_vanished(uncounted(gone->intersect(asked), *view), true);  // the others: synchronise()
    }
    const imap::UidSet unseen = unseen_by(argument, *rows);
    Fetch fetch(*account_, world_, out_, view, revision_, std::move(argument));
    const auto done = co_await fetch.run(*std::move(rows));
    if (!done) co_return refusal(done.error());
    if (!unseen.empty()) {
        mailbox::FlagChange seen{imap::command::Store::Mode::add, {}, std::nullopt};
        seen.flags.add(imap::SystemFlag::seen);
        const auto changed = co_await account_->change_flags(selected_->mailbox.id, unseen, std::move(seen));
        if (!changed) co_return refusal(changed.error());  // synchronise() tells the new flags
    }
    if (fetch.unknown_encoding())
        co_return refused(imap::code::unknown_cte, "a part's encoding is not known");
    if (fetch.some_unreadable()) co_return refused(imap::code::server_bug, "some messages cannot be read");
    if (fetch.some_gone()) co_return refused(imap::code::expunge_issued, "some messages are gone");
    co_return completed();
}

// The messages that become \Seen by being fetched.
imap::UidSet Session::unseen_by(const imap::command::Fetch& asked, const IndexRanges& rows) const {
    imap::UidSet unseen;
    if (selected_->read_only ||
        std::ranges::none_of(asked.items, [](const auto& item) { return item.sets_seen(); }))
        return unseen;
    RowCursor cursor(*selected_->view);
    for (const auto& [begin, end] : rows)
        for (cursor.seek(begin); cursor.index() < end; cursor.next()) {
            const mailbox::Row& row = cursor.row();
            if (row.has(imap::SystemFlag::seen)) continue;
            if (!asked.changed_since || row.mod_sequence > *asked.changed_since) unseen.add(row.uid);
        }
    return unseen;
}

}  // namespace heliopost::imap_server
