// Envelopes: what ENVELOPE tells of some messages, one after the other and without copies of each.
//
// It holds the records as they were read from the store.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "proto/mime/envelope_view.h"

namespace heliopost::mailbox {

class Envelopes {
public:
    using Records = std::vector<std::optional<std::string>>;
    explicit Envelopes(Records records) : records_(std::move(records)) {}

    std::size_t size() const { return records_.size(); }
    bool is_gone(std::size_t index) const { return !records_.at(index); }

    // Of a message that is not gone; shown until the next call. Fails with Fault::internal.
    Result<const mime::EnvelopeView*> read(std::size_t index);

private:
    Records records_;
    mime::EnvelopeView envelope_;
};

}  // namespace heliopost::mailbox
