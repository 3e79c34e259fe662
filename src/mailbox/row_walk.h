// RowWalk: the rows of a View whose UIDs are in a set, in order; it can be left and taken up again.
#pragma once

#include <span>

#include "mailbox/view.h"
#include "proto/imap/sequence_set.h"

namespace heliopost::mailbox {

class RowWalk {
public:
    // The View and the ranges must outlive it.
    RowWalk(const View& view, std::span<const imap::NumberRange> ranges) : view_(&view), ranges_(ranges) {
        seek();
    }

    // The next row, or null at the end.
    const Row* next() {
        while (rows_ != nullptr) {
            if (at_ == rows_->size()) {
                enter(chunk_ + 1);
                continue;
            }
            const Row& row = (*rows_)[at_];
            if (row.uid.value > ranges_[range_].last) {
                ++range_;
                seek();
                continue;
            }
            ++at_;
            gap_ = std::exchange(jumped_, false);
            return &row;
        }
        return nullptr;
    }

    // Whether rows of the View lie between the last two that next() gave.
    bool gap() const { return gap_; }

private:
    void enter(std::size_t chunk) {
        chunk_ = chunk;
        at_ = 0;
        rows_ = chunk < view_->chunks().size() ? &view_->chunks()[chunk]->rows : nullptr;
    }

    // To the first row of the current range, forward only.
    void seek() {
        jumped_ = true;
        if (range_ == ranges_.size()) {
            rows_ = nullptr;
            return;
        }
        const Uid first(ranges_[range_].first);
        const std::size_t index = view_->lower_bound(first);
        if (index == view_->size()) {
            rows_ = nullptr;
            return;
        }
        const std::size_t chunk = view_->chunk_of(index);
        enter(chunk);
        at_ = index - view_->chunk_begin(chunk);
    }

    const View* view_;
    std::span<const imap::NumberRange> ranges_;
    std::size_t range_ = 0;
    std::size_t chunk_ = 0;
    std::size_t at_ = 0;
    const std::vector<Row>* rows_ = nullptr;
    bool jumped_ = false;
    bool gap_ = false;
};

}  // namespace heliopost::mailbox
