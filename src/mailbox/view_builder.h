// ViewBuilder: replays operations over chunks, copying only those that it changes.
//
// Every UID belongs to one chunk: the last whose first UID, as stored, is not above it. A chunk may be
// true as of a later mod-sequence than its neighbours, in the middle of a rewrite (rewrite.h); operations up
// to that one leave it alone.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "mailbox/operation.h"
#include "mailbox/view.h"

namespace heliopost::mailbox {

class ViewBuilder {
public:
    explicit ViewBuilder(const View& view);

    // From a store: then add_chunk() in order of UID, then apply().
    ViewBuilder(Mailbox mailbox, Uid uid_next, std::vector<std::string> keywords, ModSequence highest);
    // first: the UID it is stored under. Fails with Fault::internal when the chunks are not in order. Rows
    // of the chunk before that belong to this one are left out there. The chunk itself is never changed: it
    // stays equal to what is stored.
    Result<> add_chunk(Uid first, std::shared_ptr<const Chunk> chunk, ModSequence as_of);

    // In order of the log. Fails with Fault::internal on an operation that cannot be: UIDs that go back.
    Result<> apply(const Operation& operation);

    // Once. Small neighbours are joined, large chunks cut.
    std::shared_ptr<const View> finish();

    void set_highest(ModSequence highest) { status_.highest_mod_sequence = highest; }
    std::uint64_t rows_touched() const { return rows_touched_; }

private:
    struct Place {
        std::shared_ptr<const Chunk> chunk;
        std::shared_ptr<Chunk> own;  // the same, where it may be written
        Uid first;
        ModSequence as_of;
    };
    std::size_t owner_of(Uid uid) const;  // places_.size(): none
    Chunk& own(Place& place);
    Result<> append(const AppendRows& what, ModSequence at);
    Result<> append_row(const Row& row, ModSequence at);
    void set_flags(const SetFlags& what, ModSequence at);
    void expunge(const Ranges& uids, ModSequence at);
    std::uint64_t bits_of(const SetFlags& what);
    void count(const Row& row);
    void discount(const Row& row);
    void recount();
    std::vector<std::shared_ptr<const Chunk>> tidy();

    Mailbox mailbox_;
    Status status_;
    std::vector<std::string> keywords_;
    std::vector<Place> places_;
    bool counted_ = true;
    std::uint64_t rows_touched_ = 0;
};

}  // namespace heliopost::mailbox
