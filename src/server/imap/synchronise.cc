// What changed since the client was last told: EXPUNGE or VANISHED, EXISTS, FETCH FLAGS. RFC 9051 §7.4.1,
// §7.5.
#include <algorithm>
#include <utility>
#include <vector>

#include "server/imap/session.h"

namespace heliopost::imap_server {
namespace {

// A place in a View that moves row by row, or a whole chunk at once.
class RowCursor {
public:
    explicit RowCursor(const mailbox::View& view) : chunks_(view.chunks()) {}

    bool done() const { return chunk_ == chunks_.size(); }
    bool at_chunk_start() const { return row_ == 0; }
    const mailbox::Chunk* chunk() const { return chunks_[chunk_].get(); }
    const mailbox::Row& row() const { return chunks_[chunk_]->rows[row_]; }
    std::size_t index() const { return index_; }

    void next() {
        ++index_;
        if (++row_ < chunks_[chunk_]->rows.size()) return;
        row_ = 0;
        ++chunk_;
    }
    void skip_chunk() {
        index_ += chunks_[chunk_]->rows.size();
        ++chunk_;
    }

private:
    const std::vector<std::shared_ptr<const mailbox::Chunk>>& chunks_;
    std::size_t chunk_ = 0;
    std::size_t row_ = 0;
    std::size_t index_ = 0;
};

struct Difference {
    imap::NumberSet expunged_numbers;  // sequence numbers in the old view
    imap::UidSet expunged;
    std::vector<std::size_t> changed;  // indexes in the new view, of rows that the old one has too
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
            if (old.row().mod_sequence != now.row().mod_sequence) out.changed.push_back(now.index());
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

void Session::append_flags_fetch(std::size_t index, const mailbox::Row& row, const mailbox::View& view,
                                 bool with_uid) {
    std::string& out = out_.text();
    out += "* ";
    imap::append_number(out, index + 1);
    out += " FETCH (";
    if (with_uid || qresync_) {
        out += "UID ";
        imap::append_number(out, row.uid.value);
        out += ' ';
    }
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

net::Task<void> Session::synchronise(Telling telling) {
    const imap::UidSet told = std::exchange(told_uids_, {});
    const ModSequence told_up_to = std::exchange(told_up_to_, {});
    if (telling == Telling::nothing) co_return;
    const auto newest = co_await account_->view(selected_->mailbox.id);
    if (!newest) {
        // Somebody deleted the mailbox under us: its numbers mean nothing any more.
        imap::append_status(out_.text(), "", imap::Condition::bye, "", "the mailbox is gone");
        stage_ = Stage::logout;
        co_return;
    }
    const auto after = *newest;
    const auto before = selected_->view;
    if (after == before) co_return;
    const Difference difference = compare(*before, *after);
    if (!difference.expunged.empty() && telling == Telling::no_expunges) co_return;
    selected_->view = after;
    if (qresync_) {
        append_vanished(difference.expunged, false);
    } else {
        // From the last to the first, so that each number is still right when it is read.
        const auto ranges = difference.expunged_numbers.ranges();
        for (auto range = ranges.rbegin(); range != ranges.rend(); ++range)
            for (std::uint32_t number = range->last; number >= range->first; --number)
                say("* " + std::to_string(number) + " EXPUNGE");
    }
    if (after->keywords().size() > selected_->keywords_announced) append_flag_lists();
    if (after->size() != before->size() - difference.expunged.size())
        say("* " + std::to_string(after->size()) + " EXISTS");
    for (const std::size_t index : difference.changed) {
        const mailbox::Row& row = after->at(index);
        if (row.mod_sequence <= told_up_to && told.contains(row.uid)) continue;
        append_flags_fetch(index, row, *after, false);
        co_await out_.flush_if_full();
    }
}

Result<imap::UidSet> Session::resolve(const imap::SequenceSet& set, bool uid) const {
    const mailbox::View& view = *selected_->view;
    imap::UidSet found;
    if (set.saved_result) {
        selected_->saved.for_each([&](std::uint32_t number) {
            if (view.find(Uid{number})) found.add(number);
        });
        return found;
    }
    const auto size = static_cast<std::uint32_t>(view.size());
    const imap::NumberSet numbers = set.resolve(uid ? view.largest_uid().value : size);
    // RFC 9051 §6.4.9: UIDs that do not exist are passed over; numbers that do not are a client's error.
    if (!uid && numbers.largest().value_or(0) > size) return fail(Fault::syntax, "no such message");
    for (const auto& [first, last] : numbers.ranges()) {
        std::size_t index = uid ? view.lower_bound(Uid{first}) : first - 1;
        for (; index < view.size(); ++index) {
            const Uid next = view.at(index).uid;
            if (uid ? next.value > last : index >= last) break;
            found.add(next);
        }
    }
    return found;
}

}  // namespace heliopost::imap_server
