#include "mailbox/view.h"

#include <algorithm>

#include "base/assert.h"

namespace heliopost::mailbox {

View::View(Mailbox mailbox, Status status, std::vector<std::string> keywords,
           std::vector<std::shared_ptr<const Chunk>> chunks)
    : mailbox_(std::move(mailbox)),
      status_(status),
      keywords_(std::move(keywords)),
      chunks_(std::move(chunks)) {
    first_index_.reserve(chunks_.size());
    std::size_t rows = 0;
    for (const auto& chunk : chunks_) {
        ASSERT(!chunk->rows.empty());
        rows += chunk->rows.size();
        first_index_.push_back(rows);
    }
}

const Row& View::at(std::size_t index) const {
    const std::size_t chunk = chunk_of(index);
    return chunks_[chunk]->rows[index - chunk_begin(chunk)];
}

std::size_t View::chunk_of(std::size_t index) const {
    const auto chunk = std::ranges::upper_bound(first_index_, index) - first_index_.begin();
    ASSERT(static_cast<std::size_t>(chunk) < chunks_.size());
    return static_cast<std::size_t>(chunk);
}

std::size_t View::lower_bound(Uid uid) const {
    const auto chunk =
        std::ranges::lower_bound(chunks_, uid, {}, [](const auto& c) { return c->rows.back().uid; });
    if (chunk == chunks_.end()) return size();
    const auto row = std::ranges::lower_bound((*chunk)->rows, uid, {}, &Row::uid);
    return chunk_begin(static_cast<std::size_t>(chunk - chunks_.begin())) +
           static_cast<std::size_t>(row - (*chunk)->rows.begin());
}

std::optional<std::size_t> View::find(Uid uid) const {
    const std::size_t index = lower_bound(uid);
    if (index == size() || at(index).uid != uid) return std::nullopt;
    return index;
}

Uid View::largest_uid() const {
    return chunks_.empty() ? Uid(0) : chunks_.back()->rows.back().uid;
}

std::optional<std::size_t> View::first_unseen() const {
    if (status_.unseen == 0) return std::nullopt;
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        const auto& rows = chunks_[i]->rows;
        const auto row =
            std::ranges::find_if(rows, [](const Row& r) { return !r.has(imap::SystemFlag::seen); });
        if (row != rows.end()) return chunk_begin(i) + static_cast<std::size_t>(row - rows.begin());
    }
    return std::nullopt;
}

imap::Flags View::flags_of(const Row& row) const {
    imap::Flags flags;
    flags.system = static_cast<std::uint8_t>(row.flags & imap::all_system_flags);
    for (std::size_t i = 0; i < keywords_.size(); ++i)
        if ((row.flags >> (keyword_bit + i) & 1) != 0) flags.keywords.push_back(keywords_[i]);
    return flags;
}

void View::append_flags(std::string& out, const Row& row) const {
    imap::append_system_flags(out, static_cast<std::uint8_t>(row.flags & imap::all_system_flags));
    if (row.flags >> keyword_bit == 0) return;
    bool first = (row.flags & imap::all_system_flags) == 0;
    for (std::size_t i = 0; i < keywords_.size(); ++i) {
        if ((row.flags >> (keyword_bit + i) & 1) == 0) continue;
        if (!first) out += ' ';
        out += keywords_[i];
        first = false;
    }
}

}  // namespace heliopost::mailbox
