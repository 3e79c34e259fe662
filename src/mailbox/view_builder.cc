#include "mailbox/view_builder.h"

#include <algorithm>
#include <span>

#include "base/assert.h"
#include "base/planted.h"

namespace heliopost::mailbox {
namespace {

using Mode = imap::command::Store::Mode;
using imap::SystemFlag;

std::unexpected<Error> contradicting() {
    return fail(Fault::internal, "the mailbox's records contradict each other");
}

ModSequence highest_of(std::span<const Row> rows) {
    ModSequence highest;
    for (const Row& row : rows) highest = std::max(highest, row.mod_sequence);
    return highest;
}

std::shared_ptr<Chunk> make_chunk(std::vector<Row> rows) {
    auto chunk = std::make_shared<Chunk>();
    chunk->highest = highest_of(rows);
    chunk->rows = std::move(rows);
    return chunk;
}

}  // namespace

ViewBuilder::ViewBuilder(const View& view)
    : mailbox_(view.mailbox()), status_(view.status()), keywords_(view.keywords()) {
    places_.reserve(view.chunks().size());
    for (const auto& chunk : view.chunks())
        places_.push_back({chunk, nullptr, chunk->rows.front().uid, ModSequence()});
}

ViewBuilder::ViewBuilder(Mailbox mailbox, Uid uid_next, std::vector<std::string> keywords,
                         ModSequence highest)
    : mailbox_(std::move(mailbox)), keywords_(std::move(keywords)), counted_(false) {
    status_.uid_validity = mailbox_.uid_validity;
    status_.uid_next = uid_next;
    status_.highest_mod_sequence = highest;
}

Result<> ViewBuilder::add_chunk(Uid first, std::shared_ptr<const Chunk> chunk, ModSequence as_of) {
    if (chunk->rows.empty() || chunk->rows.front().uid != first) return contradicting();
    if (!places_.empty()) {
        Place& before = places_.back();
        if (before.first >= first) return contradicting();
        if (before.chunk->rows.back().uid >= first) {
            auto& rows = own(before).rows;
            rows.erase(std::ranges::lower_bound(rows, first, {}, &Row::uid), rows.end());
        }
    }
    if (status_.uid_next <= chunk->rows.back().uid) status_.uid_next = Uid(chunk->rows.back().uid.value + 1);
    status_.highest_mod_sequence = std::max(status_.highest_mod_sequence, chunk->highest);
    places_.push_back({std::move(chunk), nullptr, first, as_of});
    return {};
}

void ViewBuilder::count(const Row& row) {
    ++status_.messages;
    if (!row.has(SystemFlag::seen)) ++status_.unseen;
    if (row.has(SystemFlag::deleted)) ++status_.deleted;
    status_.octets += row.octets;
}

void ViewBuilder::discount(const Row& row) {
    --status_.messages;
    if (!row.has(SystemFlag::seen)) --status_.unseen;
    if (row.has(SystemFlag::deleted)) --status_.deleted;
    status_.octets -= row.octets;
}

void ViewBuilder::recount() {
    for (const Place& place : places_)
        for (const Row& row : place.chunk->rows) count(row);
    counted_ = true;
}

std::size_t ViewBuilder::owner_of(Uid uid) const {
    const auto after = std::ranges::upper_bound(places_, uid, {}, &Place::first);
    return after == places_.begin() ? places_.size() : static_cast<std::size_t>(after - places_.begin()) - 1;
}

Chunk& ViewBuilder::own(Place& place) {
    if (!place.own) {
        place.own = std::make_shared<Chunk>();
        const std::size_t rows = place.chunk->rows.size();
        place.own->rows.reserve(rows + rows / 8 + 4);  // an append is what often follows
        place.own->rows = place.chunk->rows;
        place.own->highest = place.chunk->highest;
        place.chunk = place.own;
    }
    return *place.own;
}

Result<> ViewBuilder::apply(const Operation& operation) {
    if (!counted_) recount();
    status_.highest_mod_sequence = std::max(status_.highest_mod_sequence, operation.at);
    if (const auto* rows = std::get_if<AppendRows>(&operation.what)) return append(*rows, operation.at);
    if (const auto* flags = std::get_if<SetFlags>(&operation.what)) set_flags(*flags, operation.at);
    if (const auto* gone = std::get_if<ExpungeRows>(&operation.what)) expunge(gone->uids, operation.at);
    return {};
}

Result<> ViewBuilder::append(const AppendRows& what, ModSequence at) {
    // From the operation's keyword bits to the mailbox's.
    imap::Flags all;
    all.keywords = what.keywords;
    to_bits(all, keywords_);
    std::vector<std::uint64_t> bit_of;
    for (const std::string& keyword : what.keywords) {
        const auto known = find_keyword(keywords_, keyword);
        bit_of.push_back(known ? std::uint64_t{1} << (keyword_bit + *known) : 0);
    }
    for (const Row& from : what.rows) {
        Row row = from;
        row.mod_sequence = at;
        row.flags = from.flags & imap::all_system_flags;
        for (std::size_t i = 0; i < bit_of.size() && from.flags >> keyword_bit != 0; ++i)
            if ((from.flags >> (keyword_bit + i) & 1) != 0) row.flags |= bit_of[i];
        TRY(append_row(row, at));
        if (status_.uid_next <= row.uid) status_.uid_next = Uid(row.uid.value + 1);
    }
    rows_touched_ += what.rows.size();
    return {};
}

Result<> ViewBuilder::append_row(const Row& row, ModSequence at) {
    const std::size_t owner = owner_of(row.uid);
    if (owner == places_.size()) {  // below all chunks: in a rewrite that did not end
        const auto chunk = make_chunk({row});
        places_.insert(places_.begin(), {chunk, chunk, row.uid, ModSequence()});
        count(row);
        return {};
    }
    if (places_[owner].as_of >= at) return {};
    const auto& rows = places_[owner].chunk->rows;
    if (!rows.empty() && rows.back().uid >= row.uid) return contradicting();
    if (rows.size() >= chunk_rows && owner + 1 == places_.size()) {
        const auto chunk = make_chunk({row});
        places_.push_back({chunk, chunk, row.uid, places_[owner].as_of});
    } else {
        Chunk& chunk = own(places_[owner]);
        chunk.rows.push_back(row);
        chunk.highest = std::max(chunk.highest, at);
    }
    count(row);
    return {};
}

std::uint64_t ViewBuilder::bits_of(const SetFlags& what) {
    imap::Flags flags;
    flags.system = what.system;
    flags.keywords = what.keywords;
    if (what.mode != Mode::remove) return to_bits(flags, keywords_);
    std::uint64_t bits = what.system;
    for (const std::string& keyword : what.keywords)
        if (const auto known = find_keyword(keywords_, keyword))
            bits |= std::uint64_t{1} << (keyword_bit + *known);
    return bits;
}

void ViewBuilder::set_flags(const SetFlags& what, ModSequence at) {
    const std::uint64_t bits = bits_of(what);
    const std::uint64_t keep = what.mode == Mode::add      ? ~std::uint64_t{0}
                               : what.mode == Mode::remove ? ~bits
                                                           : 0;
    const std::uint64_t set = what.mode == Mode::remove ? 0 : bits;
    const auto seen = static_cast<std::uint64_t>(SystemFlag::seen);
    const auto deleted = static_cast<std::uint64_t>(SystemFlag::deleted);
    std::size_t at_place = 0;
    std::uint32_t newly_seen = 0, newly_unseen = 0, newly_deleted = 0, undeleted = 0;
    for (const auto& [first, last] : what.uids) {
        const auto ends_before = [&](const Place& p) {
            return p.chunk->rows.empty() || p.chunk->rows.back().uid.value < first;
        };
        while (at_place < places_.size() && ends_before(places_[at_place])) ++at_place;
        for (std::size_t i = at_place; i < places_.size() && places_[i].first.value <= last; ++i) {
            if (places_[i].as_of >= at) continue;
            const auto& rows = places_[i].chunk->rows;
            const auto from = std::ranges::lower_bound(rows, Uid(first), {}, &Row::uid) - rows.begin();
            const auto to = std::ranges::upper_bound(rows, Uid(last), {}, &Row::uid) - rows.begin();
            if (from == to) continue;
            Chunk& chunk = own(places_[i]);
            for (auto row = chunk.rows.begin() + from; row != chunk.rows.begin() + to; ++row) {
                const std::uint64_t before = row->flags;
                const std::uint64_t after = (before & keep) | set;
                newly_seen += (~before & after & seen) != 0;
                newly_unseen += (before & ~after & seen) != 0;
                newly_deleted += (~before & after & deleted) != 0;
                undeleted += (before & ~after & deleted) != 0;
                row->flags = after;
                if (!planted("MODSEQ not raised by STORE")) row->mod_sequence = at;
            }
            chunk.highest = at;
            rows_touched_ += static_cast<std::uint64_t>(to - from);
        }
    }
    status_.unseen += newly_unseen - newly_seen;
    status_.deleted += newly_deleted - undeleted;
}

void ViewBuilder::expunge(const Ranges& uids, ModSequence at) {
    if (uids.empty()) return;
    auto range = uids.begin();
    for (std::size_t i = 0; i < places_.size() && range != uids.end(); ++i) {
        Place& place = places_[i];
        if (place.chunk->rows.empty()) continue;
        const Uid back = place.chunk->rows.back().uid;
        while (range != uids.end() && range->last < place.first.value) ++range;
        if (range == uids.end() || range->first > back.value || place.as_of >= at) continue;
        auto inside = range;
        const auto gone = [&](const Row& row) {
            while (inside != uids.end() && inside->last < row.uid.value) ++inside;
            if (inside == uids.end() || inside->first > row.uid.value) return false;
            discount(row);
            return true;
        };
        auto& rows = own(place).rows;
        auto out = rows.begin();
        for (const Row& row : rows)
            if (!gone(row)) *out++ = row;
        rows_touched_ += static_cast<std::uint64_t>(rows.end() - out);
        rows.erase(out, rows.end());
    }
}

std::vector<std::shared_ptr<const Chunk>> ViewBuilder::tidy() {
    std::vector<std::shared_ptr<const Chunk>> chunks;
    chunks.reserve(places_.size());
    for (const Place& place : places_) {
        const auto& rows = place.chunk->rows;
        if (rows.empty()) continue;
        if (rows.size() > chunk_rows) {
            for (std::size_t at = 0; at < rows.size(); at += chunk_rows) {
                const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(at);
                const auto count = std::min(chunk_rows, rows.size() - at);
                chunks.push_back(make_chunk({begin, begin + static_cast<std::ptrdiff_t>(count)}));
            }
        } else if (!chunks.empty() && chunks.back()->rows.size() + rows.size() <= chunk_rows / 2) {
            std::vector<Row> joined;
            joined.reserve(chunks.back()->rows.size() + rows.size());
            joined = chunks.back()->rows;
            joined.insert(joined.end(), rows.begin(), rows.end());
            chunks.back() = make_chunk(std::move(joined));
        } else {
            chunks.push_back(place.chunk);
        }
    }
    return chunks;
}

std::shared_ptr<const View> ViewBuilder::finish() {
    if (!counted_) recount();
    status_.highest_mod_sequence = std::max(status_.highest_mod_sequence, ModSequence(1));
    return std::make_shared<const View>(std::move(mailbox_), status_, std::move(keywords_), tidy());
}

}  // namespace heliopost::mailbox
