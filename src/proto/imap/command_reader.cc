#include "proto/imap/command_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/cursor.h"
#include "base/secret.h"
#include "base/text.h"
#include "proto/imap/command.h"

namespace heliopost::imap {

LineEnd find_literal(std::string_view line) {
    LineEnd end;
    std::string_view rest = line;
    if (!rest.ends_with('}')) return end;
    rest.remove_suffix(1);
    end.literal.synchronising = !rest.ends_with('+');
    if (!end.literal.synchronising) rest.remove_suffix(1);
    const size_t digits_end = rest.size();
    while (!rest.empty() && is_digit(rest.back())) rest.remove_suffix(1);
    if (rest.size() == digits_end || !rest.ends_with('{')) return LineEnd{};
    const auto octets = to_number(line.substr(rest.size(), digits_end - rest.size()));
    rest.remove_suffix(1);
    end.literal.binary = rest.ends_with('~');
    if (end.literal.binary) rest.remove_suffix(1);
    end.has_literal = true;
    end.header_octets = line.size() - rest.size();
    constexpr auto octets_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    end.too_large = !octets || *octets > octets_max;  // RFC 9051 §9 number64
    end.literal.octets = end.too_large ? 0 : *octets;
    return end;
}

std::string_view CommandReader::tag() const {
    return find_tag(text_);
}

void CommandReader::release_text() {
    if (state_ == State::start) std::string().swap(text_);
}

CommandReader::Step CommandReader::feed(std::string_view octets) {
    size_t taken = 0;
    while (taken < octets.size()) {
        Step step = feed_some(octets.substr(taken));
        taken += step.taken;
        if (step.event == Event::more) continue;
        step.taken = taken;
        return step;
    }
    return {Event::more, taken, {}};
}

CommandReader::Step CommandReader::feed_some(std::string_view octets) {
    switch (state_) {
        case State::start:
            begin_command();
            return feed_line(octets);
        case State::line:
        case State::append_tail:
            return feed_line(octets);
        case State::literal:
            return feed_literal(octets);
        case State::announced:
            return {Event::append, 0, {}};  // still to be answered
        case State::appending:
            return feed_append(octets);
        case State::drop_line:
            return drop_line(octets);
        case State::drop_octets:
            return drop_octets(octets);
        case State::closed:
            break;
    }
    return {Event::more, octets.size(), {}};
}

void CommandReader::begin_command() {
    if (text_.capacity() <= text_octets_kept) wipe(text_);  // it may have been LOGIN
    text_.clear();
    if (text_.capacity() > text_octets_kept) std::string().swap(text_);
    line_start_ = 0;
    literals_seen_ = 0;
    literal_octets_seen_ = 0;
    dropped_ = 0;
    state_ = State::line;
}

CommandReader::Step CommandReader::feed_line(std::string_view octets) {
    const size_t lf = octets.find('\n');
    const size_t taken = lf == std::string_view::npos ? octets.size() : lf + 1;
    const size_t used = text_.size() - literal_octets_seen_;
    const size_t room = limits_.line_octets + 2 > used ? limits_.line_octets + 2 - used : 0;
    if (taken > room) {
        text_.append(octets.substr(0, room));  // for the tag
        tail_.assign(text_, text_.size() - std::min(text_.size() - line_start_, literal_header_octets_max));
        const Event event = refuse(Fault::too_large, "command line too long");
        state_ = State::drop_line;
        return {event, room, {}};
    }
    text_.append(octets.substr(0, taken));
    if (lf == std::string_view::npos) return {Event::more, taken, {}};
    return {end_line(), taken, {}};
}

CommandReader::Event CommandReader::end_line() {
    if (text_.size() - line_start_ < 2 || text_[text_.size() - 2] != '\r')
        return refuse(Fault::syntax, "lines end in CRLF, not in LF alone");
    const auto line = std::string_view(text_).substr(line_start_, text_.size() - line_start_ - 2);
    if (state_ == State::append_tail) return end_append(line);
    if (line_expected_) {
        line_expected_ = false;
        text_.resize(text_.size() - 2);
        state_ = State::start;
        return Event::line;
    }
    const LineEnd end = find_literal(line);
    if (end.has_literal) return begin_literal(end);
    text_.resize(text_.size() - 2);
    state_ = State::start;
    return Event::command;
}

// RFC 3502 (several messages in one APPEND) is not offered.
CommandReader::Event CommandReader::end_append(std::string_view line) {
    if (line.empty()) {
        text_.resize(append_end_);
        state_ = State::start;
        return Event::command;
    }
    const LineEnd end = find_literal(line);
    if (end.has_literal) return refuse_literal(Fault::syntax, "one message for each APPEND", end);
    return refuse(Fault::syntax, "unexpected text after the message");
}

CommandReader::Event CommandReader::begin_literal(const LineEnd& end) {
    if (end.too_large || (!end.literal.synchronising && end.literal.octets > limits_.unsolicited_octets))
        return refuse_literal(Fault::too_large, "literal too large", end);
    literal_ = end.literal;
    if (is_append_message(end)) {
        state_ = State::announced;
        append_end_ = text_.size();
        return Event::append;
    }
    if (++literals_seen_ > limits_.literals)
        return refuse_literal(Fault::too_large, "too many literals", end);
    if (end.literal.octets > limits_.literal_octets - std::min(limits_.literal_octets, literal_octets_seen_))
        return refuse_literal(Fault::too_large, "literals too large", end);
    literal_octets_seen_ += static_cast<size_t>(end.literal.octets);
    left_ = end.literal.octets;
    line_start_ = text_.size();
    state_ = left_ == 0 ? State::line : State::literal;
    return end.literal.synchronising ? Event::continuation : Event::more;
}

// append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP literal: the first argument may be
// a literal too, and it is the mailbox then.
bool CommandReader::is_append_message(const LineEnd& end) const {
    Cursor in(text_);
    in.skip(find_tag(text_).size());
    if (in.offset() == 0 || !in.take_word(" APPEND ")) return false;
    return in.offset() < text_.size() - 2 - end.header_octets;
}

CommandReader::Event CommandReader::refuse(Fault fault, std::string text) {
    error_ = Error{fault, std::move(text)};
    line_expected_ = false;
    dropped_ = 0;
    state_ = State::start;
    return Event::bad;
}

CommandReader::Event CommandReader::lose(std::string text) {
    error_ = Error{Fault::too_large, std::move(text)};
    state_ = State::closed;
    return Event::bad;
}

// A client that waits for "+ " and gets BAD sends no literal; one that does not wait has sent it already.
CommandReader::Event CommandReader::refuse_literal(Fault fault, std::string text, const LineEnd& end) {
    const Event event = refuse(fault, std::move(text));
    const bool against_rule = end.literal.octets > limits_.unsolicited_octets;  // RFC 7888 §4: may be cut off
    if (!end.literal.synchronising && (against_rule || !skip_literal(end))) state_ = State::closed;
    return event;
}

// False: more than we are willing to read and drop.
bool CommandReader::skip_literal(const LineEnd& end) {
    if (end.too_large || end.literal.octets > limits_.swallowed_octets) return false;
    left_ = end.literal.octets;
    tail_.clear();
    state_ = left_ == 0 ? State::drop_line : State::drop_octets;
    return true;
}

CommandReader::Step CommandReader::feed_literal(std::string_view octets) {
    const size_t taken = std::min<std::uint64_t>(left_, octets.size());
    text_.append(octets.substr(0, taken));
    left_ -= taken;
    if (left_ == 0) {
        line_start_ = text_.size();
        state_ = State::line;
    }
    return {Event::more, taken, {}};
}

void CommandReader::accept_append() {
    if (state_ != State::announced) return;
    left_ = literal_.octets;
    line_start_ = text_.size();
    state_ = left_ == 0 ? State::append_tail : State::appending;
}

bool CommandReader::refuse_append() {
    if (state_ != State::announced) return state_ != State::closed;
    dropped_ = 0;
    state_ = State::start;
    if (literal_.synchronising) return true;
    if (skip_literal(LineEnd{true, false, 0, literal_})) return true;
    state_ = State::closed;
    return false;
}

CommandReader::Step CommandReader::feed_append(std::string_view octets) {
    const size_t taken = std::min<std::uint64_t>(left_, octets.size());
    left_ -= taken;
    if (left_ == 0) state_ = State::append_tail;
    return {Event::octets, taken, octets.substr(0, taken)};
}

CommandReader::Step CommandReader::drop_octets(std::string_view octets) {
    const size_t taken = std::min<std::uint64_t>(left_, octets.size());
    left_ -= taken;
    dropped_ += taken;
    if (left_ == 0) {
        tail_.clear();
        state_ = State::drop_line;
    }
    if (dropped_ > limits_.swallowed_octets) return {lose("command too long"), taken, {}};
    return {Event::more, taken, {}};
}

CommandReader::Step CommandReader::drop_line(std::string_view octets) {
    const size_t lf = octets.find('\n');
    const size_t taken = lf == std::string_view::npos ? octets.size() : lf + 1;
    dropped_ += taken;
    if (dropped_ > limits_.swallowed_octets) return {lose("command too long"), taken, {}};
    constexpr size_t kept = literal_header_octets_max + 2;
    tail_.append(octets.substr(taken - std::min(taken, kept), std::min(taken, kept)));
    if (tail_.size() > kept) tail_.erase(0, tail_.size() - kept);
    if (lf == std::string_view::npos) return {Event::more, taken, {}};
    state_ = State::start;
    if (!tail_.ends_with("\r\n")) return {Event::more, taken, {}};
    const LineEnd end = find_literal(std::string_view(tail_).substr(0, tail_.size() - 2));
    if (!end.has_literal || end.literal.synchronising) return {Event::more, taken, {}};
    if (!skip_literal(end)) return {lose("command too long"), taken, {}};
    return {Event::more, taken, {}};
}

}  // namespace heliopost::imap
