// What changed since the client was last told: EXPUNGE or VANISHED, EXISTS, FETCH FLAGS. RFC 9051 §7.4.1,
// §7.5.
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/planted.h"
#include "server/imap/row_cursor.h"
#include "server/imap/session.h"

namespace heliopost::imap_server {
namespace {

struct Difference {
    imap::NumberSet expunged_numbers;  // sequence numbers in the old view
    imap::UidSet expunged;
    struct Changed {
        std::size_t index = 0;  // in the new view, of a row that the old one has too
        const mailbox::Row* row = nullptr;
    };
    std::vector<Changed> changed;
};

// Chunks that both views share are skipped: an idle change in a large mailbox costs one chunk.
Difference compare(const mailbox::View& before, const mailbox::View& after) {
    Difference out;
    RowCursor old(before);
    RowCursor now(after);
    while (!old.done()) {
        if (!now.done() && old.at_chunk_start() && now.at_chunk_start() && old.chunk() == now.chunk()) {
            old.skip_chunk();
            now.skip_chunk();
        } else if (now.done() || old.row().uid < now.row().uid) {
            out.expunged_numbers.add(static_cast<std::uint32_t>(old.index() + 1));
            out.expunged.add(old.row().uid);
            old.next();
        } else if (old.row().uid == now.row().uid) {
            if (old.row().mod_sequence != now.row().mod_sequence)
                out.changed.push_back({now.index(), &now.row()});
            old.next();
            now.next();
        } else {
            now.next();  // a new UID among old ones: cannot be, UIDs only grow
        }
    }
    return out;
}

}  // namespace

void Session::append_vanished(const imap::UidSet& uids, bool earlier) {
    if (uids.empty()) return;
    std::string& out = out_.text();
    out += earlier ? "* VANISHED (EARLIER) " : "* VANISHED ";
    imap::append_set(out, uids);
    out += "\r\n";
}

imap::UidSet Session::uncounted(const imap::UidSet& gone, const mailbox::View& view) const {
    imap::UidSet counted;
    for (const auto& [first, last] : gone.ranges())
        for (std::size_t at = view.lower_bound(Uid{first}); at < view.size() && view.at(at).uid.value <= last;
             ++at)
            counted.add(view.at(at).uid);
    return gone.subtract(counted);
}

// Under QRESYNC the UID always comes with it.
void Session::begin_fetch(std::size_t index, const mailbox::Row& row, bool with_uid) {
    std::string& out = out_.text();
    out += "* ";
    imap::append_number(out, index + 1);
    out += " FETCH (";
    if (with_uid || qresync_) {
        out += "UID ";
        imap::append_number(out, row.uid.value);
        out += ' ';
    }
}

void Session::append_flags_fetch(std::size_t index, const mailbox::Row& row, const mailbox::View& view,
                                 bool with_uid) {
    begin_fetch(index, row, with_uid);
    std::string& out = out_.text();
    out += "FLAGS (";
    view.append_flags(out, row);
    out += ')';
    if (condstore_) {
        out += " MODSEQ (";
        imap::append_number(out, row.mod_sequence.value);
        out += ')';
    }
    out += ")\r\n";
}

net::Task<void> Session::synchronise(Telling telling, bool with_uid) {
    const imap::UidSet told = std::exchange(told_uids_, {});
    const ModSequence told_up_to = std::exchange(told_up_to_, {});
    if (telling == Telling::nothing) co_return;
    const auto newest = co_await account_->view(selected_->mailbox.id);
    if (!newest) {
        // Somebody deleted the mailbox under us: its numbers mean nothing any more.
        const bool gone = newest.error().fault == Fault::not_found;
        imap::append_status(out_.text(), "", imap::Condition::bye, gone ? "" : imap::code::unavailable,
                            gone ? "the mailbox was deleted" : "the mailbox cannot be read now");
        stage_ = Stage::logout;
        co_return;
    }
    const auto after = *newest;
    const auto before = selected_->view;
    if (after == before) co_return;
    const Difference difference = compare(*before, *after);
    if (!difference.expunged.empty() && telling == Telling::no_expunges) co_return;
    selected_->view = after;
    if (!planted("lost expunge") || difference.expunged.size() > 1)
        co_await tell_expunged(difference.expunged, difference.expunged_numbers);
    if (after->keywords() != selected_->keywords_announced) append_flag_lists(*after);
    if (after->size() != before->size() - difference.expunged.size())
        say("* " + std::to_string(after->size()) + " EXISTS");
    for (const auto& [index, row] : difference.changed) {
        if (row->mod_sequence <= told_up_to && told.contains(row->uid)) continue;
        append_flags_fetch(index, *row, *after, with_uid);
        if (out_.full()) co_await out_.flush();
    }
}

net::Task<void> Session::tell_expunged(imap::UidSet uids, imap::NumberSet numbers) {
    if (qresync_) {
        append_vanished(uids, false);
        co_return;
    }
    // From the last to the first, so that each number is still right when it is read.
    const auto ranges = numbers.ranges();
    for (auto range = ranges.rbegin(); range != ranges.rend(); ++range)
        for (std::uint32_t number = range->last; number >= range->first; --number) {
            out_.text() += "* ";
            imap::append_number(out_.text(), number);
            out_.text() += " EXPUNGE\r\n";
            if (out_.full()) co_await out_.flush();
        }
}

Result<IndexRanges> Session::rows_of(const imap::SequenceSet& set, bool uid) const {
    const mailbox::View& view = *selected_->view;
    const auto size = static_cast<std::uint32_t>(view.size());
    uid |= set.saved_result;
    imap::NumberSet numbers;
    if (set.saved_result) {
        numbers = selected_->saved;
    } else {
        // Nothing rather than a wrong number: clients ask for 1:* without looking.
        if (size == 0 && set.only_stars()) return IndexRanges{};
        numbers = set.resolve(uid ? view.largest_uid().value : size);
    }
    // RFC 9051 §6.4.9: UIDs that do not exist are passed over; numbers that do not are a client's error.
    if (!uid && numbers.largest().value_or(0) > size) return fail(Fault::syntax, "no such message");
    IndexRanges rows;
    for (const auto& [first, last] : numbers.ranges()) {
        IndexRange range{first - 1, last};
        if (uid) {
            range.begin = view.lower_bound(Uid{first});
            range.end = last == UINT32_MAX ? view.size() : view.lower_bound(Uid{last + 1});
        }
        if (range.begin < range.end) rows.push_back(range);
    }
    return rows;
}

// UIDs only grow, so what lies between the first and the last of a range was announced, or is gone.
imap::UidSet Session::uids_of(const IndexRanges& rows) const {
    imap::UidSet uids;
    for (const auto& [begin, end] : rows)
        uids.add(
            imap::NumberRange{selected_->view->at(begin).uid.value, selected_->view->at(end - 1).uid.value});
    return uids;
}

// UIDs only grow: between the first and the last of a range nothing can have come, so counting says it.
bool Session::are_some_gone(const IndexRanges& rows, const mailbox::View& later) const {
    const mailbox::View& view = *selected_->view;
    return std::ranges::any_of(rows, [&](const IndexRange& range) {
        const std::size_t first = later.lower_bound(view.at(range.begin).uid);
        const std::size_t last = later.lower_bound(Uid{view.at(range.end - 1).uid.value + 1});
        return last - first < range.end - range.begin;
    });
}

Result<imap::UidSet> Session::resolve(const imap::SequenceSet& set, bool uid) const {
    return uids_of(TRY(rows_of(set, uid)));
}

}  // namespace heliopost::imap_server
