// POP3 responses: status lines, and the multi-line encoder that streams a message.
//
//   MultiLineEncoder encoder;               // or (lines) for TOP
//   encoder.feed(octets, sink); ... sink(encoder.end());
//
// A dot at the start of a line is doubled, and a missing CRLF at the end is added (RFC 1939 §3).
//
// Deviates from our promise that a message is given octet-exact because clients end a line at a bare LF too:
// one is sent as CRLF, ends a line of TOP, and a dot behind it is doubled. Else LF "." LF within a message
// would end the response for them, and what follows would speak for the server. A bare CR is text.
//
// Pieces point into the octets or to constants. RFC 1939, RFC 2449 §8 (response codes), RFC 3206.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace heliopost::pop3 {

inline constexpr size_t response_octets_max = 512;  // first line with CRLF: RFC 2449 §4

// "+OK text" and "-ERR [CODE] text" with CRLF; what is not printable ASCII becomes "?".
std::string ok(std::string_view text);
std::string error(std::string_view text, std::string_view code = {});  // code: "IN-USE", "AUTH", ...

class MultiLineEncoder {
public:
    static constexpr std::uint64_t all_lines = std::numeric_limits<std::uint64_t>::max();

    // body_lines: how many lines behind the empty one that ends the header (TOP).
    explicit MultiLineEncoder(std::uint64_t body_lines = all_lines) : lines_left_(body_lines) {}

    template <class Sink>
    void feed(std::string_view octets, Sink&& sink) {
        while (!octets.empty() && !full_) {
            const Piece piece = next(octets);
            if (piece.stuff) sink(std::string_view("."));
            if (!piece.octets.empty()) sink(piece.octets);
            if (piece.bare_lf) sink(std::string_view("\r\n"));
            octets.remove_prefix(piece.taken());
        }
    }

    struct Piece {
        bool stuff = false;  // send a dot first
        std::string_view octets;
        bool bare_lf = false;  // stands behind the octets: send CRLF for it
        size_t taken() const { return octets.size() + (bare_lf ? 1 : 0); }
    };
    Piece next(std::string_view octets);

    bool full() const { return full_; }  // the lines of TOP are all there: read no more of the message
    std::string_view end() const;

private:
    enum class At : std::uint8_t { line_start, text, cr };

    void count_line(bool empty_line);

    At at_ = At::line_start;
    bool in_header_ = true;
    bool line_empty_ = true;
    bool full_ = false;
    std::uint64_t lines_left_;
};

}  // namespace heliopost::pop3
