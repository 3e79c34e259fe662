#include "proto/smtp/reply.h"

#include <utility>

#include "base/text.h"

namespace heliopost::smtp {
namespace {

void append_printable(std::string& out, std::string_view text) {
    for (const char c : text) out += c >= ' ' && c <= '~' ? c : '?';
}

// Where to cut a line that has room for `room` octets: behind the last space, else anywhere.
size_t cut(std::string_view text, size_t room) {
    if (text.size() <= room) return text.size();
    const size_t space = text.substr(0, room).rfind(' ');
    return space == std::string_view::npos || space == 0 ? room : space + 1;
}

std::optional<std::uint16_t> status_part(Cursor& in) {
    const auto number = to_number(in.take_while(is_digit));
    if (!number || *number > status_part_max) return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

}  // namespace

std::string to_string(EnhancedStatus status) {
    if (status.none()) return {};
    return std::to_string(status.kind) + '.' + std::to_string(status.subject) + '.' +
           std::to_string(status.detail);
}

// status-code = ( "2" / "4" / "5" ) "." subject "." detail: RFC 2034 §4
std::optional<EnhancedStatus> parse_enhanced_status(Cursor& in) {
    Cursor ahead = in;
    const auto kind = status_part(ahead);
    if (!kind || (*kind != 2 && *kind != 4 && *kind != 5) || !ahead.take('.')) return std::nullopt;
    const auto subject = status_part(ahead);
    if (!subject || !ahead.take('.')) return std::nullopt;
    const auto detail = status_part(ahead);
    if (!detail || (!ahead.done() && !is_space(ahead.peek()))) return std::nullopt;
    in = ahead;
    return EnhancedStatus{*kind, *subject, *detail};
}

std::string format(const Reply& reply) {
    const std::string code = std::to_string(reply.code);
    const std::string status = reply.enhanced.none() ? std::string() : to_string(reply.enhanced) + ' ';
    const size_t room = reply_line_octets_max - code.size() - 1 - status.size() - 2;
    std::string out;
    size_t last = 0;  // where the last line starts: its "-" becomes a space
    const auto add = [&](std::string_view text) {
        last = out.size();
        out += code + '-' + status;
        append_printable(out, text);
        out += "\r\n";
    };
    for (std::string_view line : reply.lines) {
        do {
            const size_t octets = cut(line, room);
            add(line.substr(0, octets));
            line.remove_prefix(octets);
        } while (!line.empty());
    }
    if (reply.lines.empty()) add("");
    out[last + code.size()] = ' ';
    return out;
}

std::string one_line(const Reply& reply) {
    std::string out = std::to_string(reply.code);
    if (!reply.enhanced.none()) out += ' ' + to_string(reply.enhanced);
    for (const auto& line : reply.lines) {
        if (line.empty()) continue;
        out += ' ';
        append_printable(out, line);
    }
    return out;
}

// Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
Result<> ReplyParser::take_line(std::string_view line) {
    Cursor in(line);
    const auto digits = in.take_octets(3);
    const auto code = to_number(digits);
    if (digits.size() != 3 || !code || *code < 200 || *code > 599)
        return fail(Fault::syntax, "not an SMTP reply");
    const bool more = in.take('-');
    if (!more && !in.take(' ') && !in.done()) return fail(Fault::syntax, "not an SMTP reply");
    if (!reply_.lines.empty() && reply_.code != static_cast<int>(*code))
        return fail(Fault::syntax, "reply codes differ within one reply");
    if (reply_.lines.size() >= reply_lines_max) {
        too_long_ = true;
        return fail(Fault::too_large, "reply has too many lines");
    }
    reply_.code = static_cast<int>(*code);

    const Cursor text = in;
    const auto status = parse_enhanced_status(in);
    const bool first = reply_.lines.empty();
    if (status && status->kind == *code / 100 && (first || *status == reply_.enhanced)) {
        reply_.enhanced = *status;
        in.take(' ');
    } else {
        in = text;
    }
    reply_.lines.emplace_back(in.rest());
    done_ = !more;
    return {};
}

Result<size_t> ReplyParser::feed(std::string_view octets) {
    size_t used = 0;
    while (used < octets.size() && !done_) {
        const auto rest = octets.substr(used);
        const size_t end = rest.find('\n');
        const size_t piece = end == std::string_view::npos ? rest.size() : end + 1;
        octets_ += piece;
        if (octets_ > reply_octets_max) {
            too_long_ = true;
            line_ += rest.substr(0, piece - (octets_ - reply_octets_max));
            return fail(Fault::too_large, "reply too long");
        }
        line_ += rest.substr(0, piece);
        used += piece;
        if (end == std::string_view::npos) break;
        std::string_view line = line_;
        line.remove_suffix(1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        TRY(take_line(line));
        line_.clear();
    }
    return used;
}

std::optional<Reply> ReplyParser::take_cut() {
    if (!std::exchange(too_long_, false)) return std::nullopt;
    // The code of a reply's first line is that of all its lines: RFC 5321 §4.2.1.
    if (reply_.lines.empty() && !take_line(line_)) return std::nullopt;
    line_.clear();
    return take();
}

Reply ReplyParser::take() {
    done_ = false;
    octets_ = 0;
    return std::exchange(reply_, Reply());
}

}  // namespace heliopost::smtp
