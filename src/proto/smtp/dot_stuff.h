// The client's side of DATA: a message made ready to send, streamed.
//
//   DotStuffer stuffer;
//   stuffer.feed(octets, sink); ... stuffer.finish(sink);   // ends with CRLF "." CRLF
//
// A line that starts with a dot gets another one (RFC 5321 §4.5.2). A bare CR or LF becomes CRLF: it must
// not be sent (RFC 5321 §2.3.8), and a server that takes it for a line end could be led to see the end of the
// message there. Messages that came in through SMTP have none. Pieces point into the octets or to constants.
#pragma once

#include <cstdint>
#include <string_view>

namespace heliopost::smtp {

class DotStuffer {
public:
    template <class Sink>
    void feed(std::string_view octets, Sink&& sink) {
        while (!octets.empty()) {
            const Piece piece = next(octets);
            if (!piece.before.empty()) sink(piece.before);
            if (!piece.octets.empty()) sink(piece.octets);
            octets.remove_prefix(piece.consumed);
        }
    }

    template <class Sink>
    void finish(Sink&& sink) {
        sink(end());
    }

    struct Piece {
        std::string_view before;  // goes in front: a dot, or the missing half of a line end
        std::string_view octets;
        size_t consumed = 0;
    };
    Piece next(std::string_view octets);

    // What closes the message: ".\r\n" behind a complete line, CRLF in front of it otherwise.
    std::string_view end() const;

private:
    enum class At : std::uint8_t { line_start, text, cr };
    At at_ = At::line_start;
};

}  // namespace heliopost::smtp
