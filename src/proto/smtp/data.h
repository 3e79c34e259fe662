// What follows DATA: the message, dot-stuffed, up to the one CRLF "." CRLF.
//
//   DataDecoder decoder;
//   size_t used = decoder.feed(octets, [&](std::string_view piece) { blob.write(piece); });
//
// Pieces point into the octets given (now and then to a constant), so they live as long as those. Only
// CRLF.CRLF ends a message, whatever bare CR, LF or NUL surround a dot. A bare CR or LF or a line past
// 64 KiB marks defects(): the server answers 550 5.6.0 when the true end has come. The size limit is the
// sink's. What follows the end is not consumed: it is the next pipelined command.
//
// RFC 5321 §4.1.1.4, §4.5.2 (transparency), §2.3.8 (line ends).
#pragma once

#include <array>
#include <cstdint>
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
        size_t consumed = 0;      // 0 only when nothing was given, done(), or octets is not empty
    };
    // The next piece, for a caller that must wait between pieces.
    Piece next(std::string_view octets);

    bool done() const { return done_; }
    Defects defects() const { return defects_; }

private:
    enum class At : std::uint8_t { line_start, text, cr, dot, dot_cr };

    size_t skip_clean(std::string_view octets);
    void count(char octet);

    At at_ = At::line_start;         // DATA's own CRLF counts: RFC 5321 §4.1.1.4
    std::uint64_t line_octets_ = 0;  // since the last CRLF, a CR among them
    bool done_ = false;
    Defects defects_;
};

}  // namespace heliopost::smtp
