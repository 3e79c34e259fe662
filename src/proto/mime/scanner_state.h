// Scanner::State: where the scanner is in a message, for scanner.cc and scanner_tree.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/mime/header_collector.h"
#include "proto/mime/journal.h"
#include "proto/mime/scanner.h"

namespace heliopost::mime {

class Scanner::State {
public:
    explicit State(const Limits& limits);

    void feed(std::string_view octets);
    Structure finish();
    size_t received_fields() const { return header_.received_fields(); }

private:
    enum class Where : std::uint8_t {
        header,
        body,     // of a leaf, or before the first and after the last part of a multipart
        skipped,  // past the limit of parts: nothing is looked at any more
    };

    // A part whose end is not yet seen. The last one of open_ is the one being read.
    struct Frame {
        std::string boundary;  // of a multipart whose closing delimiter has not come, else empty
        bool digest = false;   // its parts are messages unless they say otherwise
    };

    // scanner.cc: from octets to lines. end_octets is 0 for a last line without an end.
    size_t feed_header(std::string_view octets);
    size_t feed_body(std::string_view octets);
    size_t feed_candidate(std::string_view octets, size_t at);
    void finish_header_line(std::string_view line);
    void header_line(std::string_view line, std::uint64_t next, size_t end_octets);
    void end_line(std::uint64_t next, size_t end_octets);

    // scanner_tree.cc: from lines to parts
    bool delimiter_line(std::string_view line, std::uint64_t next,
                        size_t end_octets);  // acts on it if it is one
    void open_part(std::uint64_t begin, bool has_envelope);
    void open_last_part(std::uint64_t begin);
    void end_header(std::uint64_t body_begin, std::uint64_t lines_before);
    Shape shape_of(const ContentType& type);
    void close_from(size_t frame, std::uint64_t end, std::uint64_t lines);

    Limits limits_;
    Structure structure_;  // its flags; its parts are in the journal until the end
    Journal journal_;
    HeaderCollector header_;
    std::vector<Frame> open_;
    size_t boundaries_ = 0;  // frames with one

    Where where_ = Where::header;
    std::uint64_t line_begin_ = 0;   // offset in the message of the line being read
    std::uint64_t offset_ = 0;       // of the next octet
    std::uint64_t lines_ = 0;        // line ends so far
    std::string line_;               // what came of it before this chunk, where the line matters
    std::uint64_t line_octets_ = 0;  // of the line before this chunk, kept in line_ or not
    bool plain_line_ = false;        // in a body line that is no delimiter
    char last_octet_ = '\0';         // of the chunk before
    size_t previous_end_ = 0;        // octets of the line end before line_begin_, if that ended a body line
};

}  // namespace heliopost::mime
