// What follows DATA: the message, dot-stuffed, up to the one CRLF "." CRLF.
//
//   DataDecoder decoder;
//   size_t used = decoder.feed(octets, [&](std::string_view piece) { blob.write(piece); });
//
// Pieces point into the octets given or, where dots were removed, into the decoder: they live until it is
// called again. Only
// CRLF.CRLF ends a message, whatever bare CR, LF or NUL surround a dot. A bare CR or LF or a line past
// 64 KiB marks defects(): the server answers 550 5.6.0 when the true end has come. The size limit is the
// sink's. What follows the end is not consumed: it is the next pipelined command.
//
// RFC 5321 §4.1.1.4, §4.5.2 (transparency), §2.3.8 (line ends).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/smtp/line_scan.h"

namespace heliopost::smtp {

class DataDecoder {
public:
    // How many octets it consumed: all of them unless done().
    template <class Sink>
    size_t feed(std::string_view octets, Sink&& sink) {
        size_t used = 0;
        while (used < octets.size() && !done_) {
            const Piece piece = next(octets.substr(used));
            if (!piece.octets.empty()) sink(piece.octets);
            used += piece.consumed;
        }
        return used;
    }

    struct Piece {
        std::string_view octets;  // decoded; may be empty
        size_t consumed = 0;      // 0 only when nothing was given or done()
    };
    // The next piece, for a caller that must wait between pieces: all that was given, or up to a dot behind
    // gather_octets, or gather_octets from the first dot on. So a message of dots costs no step for each.
    Piece next(std::string_view octets);

    static constexpr size_t gather_octets = 16 * 1024;

    bool done() const { return done_; }
    Defects defects() const { return defects_; }

private:
    enum class At : std::uint8_t { line_start, text, cr, dot, dot_cr };

    Piece next_run(std::string_view octets);
    size_t skip_clean(std::string_view octets);
    void count(char octet);

    At at_ = At::line_start;         // DATA's own CRLF counts: RFC 5321 §4.1.1.4
    std::uint64_t line_octets_ = 0;  // since the last CRLF, a CR among them
    bool done_ = false;
    Defects defects_;
    std::string gathered_;  // runs between dots
};

}  // namespace heliopost::smtp
