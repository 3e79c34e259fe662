// EnvelopeBuilder: an Envelope from fields as they come; for the scanner and parse_envelope().
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "proto/mime/envelope.h"

namespace heliopost::mime {

// Whether EnvelopeBuilder takes this field, in any case.
bool is_envelope_field(std::string_view name);

class EnvelopeBuilder {
public:
    // A field's raw value; only the first of its name counts. Takes off addresses_left what it keeps.
    void add(std::string_view name, std::string_view value, size_t& addresses_left);

    Envelope take() { return std::move(envelope_); }

private:
    Envelope envelope_;
    std::uint32_t seen_ = 0;  // a bit for each address field: an empty list may have been given
};

}  // namespace heliopost::mime
