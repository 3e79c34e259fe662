// RowCursor: a place in a View that moves row by row, or a whole chunk at once: much cheaper than
// View::at() for each.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "mailbox/view.h"

namespace heliopost::imap_server {

// Rows [begin, end) of a View.
struct IndexRange {
    std::size_t begin = 0;
    std::size_t end = 0;
};
using IndexRanges = std::vector<IndexRange>;  // ascending, disjoint, none empty

class RowCursor {
public:
    // The view must outlive it.
    explicit RowCursor(const mailbox::View& view) : view_(view), chunks_(view.chunks()) {}

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
    // Forward to an index that is not behind.
    void seek(std::size_t index) {
        while (!done() && view_.chunk_begin(chunk_) + chunks_[chunk_]->rows.size() <= index) {
            ++chunk_;
            row_ = 0;
        }
        index_ = index;
        if (!done()) row_ = index - view_.chunk_begin(chunk_);
    }

private:
    const mailbox::View& view_;
    const std::vector<std::shared_ptr<const mailbox::Chunk>>& chunks_;
    std::size_t chunk_ = 0;
    std::size_t row_ = 0;
    std::size_t index_ = 0;
};

}  // namespace heliopost::imap_server
