// HeaderCollector: turns the lines of a part's header into the part's fields; for the scanner.
//
// It keeps one field at a time, within the message's limits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/mime/envelope_fields.h"
#include "proto/mime/limits.h"
#include "proto/mime/part.h"

namespace heliopost::mime {

class HeaderCollector {
public:
    HeaderCollector(const Limits& limits, Structure& structure);

    // A new header; a message's own (rather than a body part's) has an envelope.
    void begin(bool has_envelope);

    enum class Line : std::uint8_t { taken, not_header };
    // A line without its end, not empty. Not header: the first line of the header is no field, so there is
    // none.
    Line add(std::string_view line);

    // The header has ended: puts what was collected into part. `fallback` is the type of a part without one.
    void end(Part& part, const ContentType& fallback);

private:
    void begin_field(std::string_view name, std::string_view value);
    void append(std::string_view text);
    void end_field();
    void content_field(std::string_view name, std::string_view value);

    Limits limits_;
    Structure& structure_;
    size_t octets_left_;
    size_t parameters_left_;
    size_t addresses_left_;

    bool has_envelope_ = false;
    bool any_field_ = false;
    bool keeping_ = false;  // a field is being collected
    std::string name_;      // lower case
    std::string value_;
    std::uint32_t seen_ = 0;  // a bit for each content field
    Part collected_;
    EnvelopeBuilder envelope_;
};

}  // namespace heliopost::mime
