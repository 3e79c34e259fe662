#include "proto/pop3/response.h"

#include <algorithm>

namespace heliopost::pop3 {
namespace {

std::string status_line(std::string out, std::string_view text) {
    const size_t room = response_octets_max - out.size() - 2;
    for (const char c : text.substr(0, room)) out += c >= ' ' && c <= '~' ? c : '?';
    return out + "\r\n";
}

}  // namespace

std::string ok(std::string_view text) {
    return status_line("+OK ", text);
}

std::string error(std::string_view text, std::string_view code) {
    return status_line(code.empty() ? "-ERR " : "-ERR [" + std::string(code) + "] ", text);
}

void MultiLineEncoder::count_line(bool empty_line) {
    if (in_header_) {
        in_header_ = !empty_line;
    } else if (lines_left_ != all_lines) {
        --lines_left_;
    }
    full_ = !in_header_ && lines_left_ == 0;
}

// One line, or its rest, up to and with its end.
MultiLineEncoder::Piece MultiLineEncoder::next(std::string_view octets) {
    if (octets.empty() || full_) return {};
    const bool behind_cr = at_ == At::cr;
    const bool start = at_ == At::line_start;
    if (start) line_empty_ = true;
    if (behind_cr && octets[0] != '\n') line_empty_ = false;  // a bare CR is text
    Piece piece;
    piece.stuff = start && octets[0] == '.';

    const size_t lf = octets.find('\n');
    const std::string_view text = octets.substr(0, lf);
    const bool cr = text.empty() ? behind_cr : text.back() == '\r';
    if (text.size() > (cr ? 1 : 0)) line_empty_ = false;
    if (lf == std::string_view::npos) {
        at_ = cr ? At::cr : At::text;
        piece.octets = octets;
        return piece;
    }
    at_ = At::line_start;
    count_line(line_empty_);
    piece.bare_lf = !cr;
    piece.octets = cr ? octets.substr(0, lf + 1) : text;
    return piece;
}

// A message whose last line lacks its CRLF gets it here, for ".\r\n" to stand alone.
std::string_view MultiLineEncoder::end() const {
    switch (at_) {
        case At::line_start:
            return ".\r\n";
        case At::cr:
        case At::text:
            break;
    }
    return "\r\n.\r\n";
}

}  // namespace heliopost::pop3
