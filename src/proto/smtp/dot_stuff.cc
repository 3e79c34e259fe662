#include "proto/smtp/dot_stuff.h"

#include <algorithm>

namespace heliopost::smtp {

// One line, or its rest, at a time: up to and with its line end, so that a dot at the next start is seen.
DotStuffer::Piece DotStuffer::next(std::string_view octets) {
    if (octets.empty()) return {};
    if (at_ == At::cr) {
        at_ = At::line_start;
        if (octets[0] == '\n') return {{}, octets.substr(0, 1), 1};
        return {"\n", {}, 0};  // the CR was bare
    }
    Piece piece;
    if (at_ == At::line_start && octets[0] == '.') piece.before = ".";
    const size_t end = octets.find_first_of("\r\n");
    if (end == std::string_view::npos) {
        at_ = At::text;
        piece.octets = octets;
        piece.consumed = octets.size();
        return piece;
    }
    if (octets[end] == '\n') {  // bare
        if (end == 0) {
            at_ = At::line_start;
            return {{}, "\r\n", 1};
        }
        at_ = At::text;
        piece.octets = octets.substr(0, end);
        piece.consumed = end;
        return piece;
    }
    const bool whole = end + 1 < octets.size() && octets[end + 1] == '\n';
    at_ = whole ? At::line_start : At::cr;
    piece.consumed = whole ? end + 2 : end + 1;
    piece.octets = octets.substr(0, piece.consumed);
    return piece;
}

std::string_view DotStuffer::end() const {
    switch (at_) {
        case At::line_start:
            return ".\r\n";
        case At::cr:
            return "\n.\r\n";
        case At::text:
            break;
    }
    return "\r\n.\r\n";
}

}  // namespace heliopost::smtp
