// HeaderCollector: turns the lines of a part's header into the journal's fields; for the scanner.
//
// It keeps the fields' values as they are, within the message's limits, and what the scanner must know.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/mime/journal.h"
#include "proto/mime/limits.h"
#include "proto/mime/part.h"

namespace heliopost::mime {

class HeaderCollector {
public:
    HeaderCollector(const Limits& limits, Journal& journal, Structure& structure);

    // A new header; a message's own (rather than a body part's) has an envelope.
    void begin(bool has_envelope);

    enum class Line : std::uint8_t { taken, not_header };
    // A line without its end, not empty. Not header: the first line of the header is no field, so there is
    // none.
    Line add(std::string_view line);

    // The header has ended: closes what was collected.
    void end();

    // Of the header that has ended; valid until the journal changes.
    std::optional<std::string_view> content_type() const { return value_at(content_type_); }
    std::string_view content_encoding() const { return value_at(content_encoding_).value_or(""); }

    std::size_t received_fields() const { return received_fields_; }  // of the message's own header

private:
    void begin_field(std::string_view name, std::string_view value);
    void append(std::string_view text);
    void end_field();
    std::optional<std::string_view> value_at(std::size_t begin) const;

    Limits limits_;
    Journal& journal_;
    Structure& structure_;  // its flags
    std::size_t content_left_;
    std::size_t envelope_left_;

    std::size_t headers_ = 0;
    std::size_t received_fields_ = 0;
    bool has_envelope_ = false;
    bool any_field_ = false;
    bool keeping_ = false;              // a field is being collected
    unsigned field_ = 0;                // which
    std::uint32_t seen_ = 0;            // a bit for each field: only the first of a name counts
    std::size_t content_type_ = 0;      // where it begins in the journal; 0: there is none
    std::size_t content_encoding_ = 0;  // likewise
};

}  // namespace heliopost::mime
