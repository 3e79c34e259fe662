// CommandReader: cuts what an IMAP client sends into commands, however the octets are chunked.
//
// It knows lines and literals, nothing of what commands mean, with one exception: the message
// literal of APPEND is not kept but handed out chunk by chunk. Everything else of a command is
// collected, literals in place ("A1 LOGIN {3}\r\nann {2}\r\npw"), for parse_command().
//
//   while (!octets.empty()) {
//       const auto step = reader.feed(octets);
//       octets.remove_prefix(step.taken);
//       switch (step.event) { ... }
//   }
//
// After STARTTLS the caller drops what is left of its buffer: RFC 9051 §11.1, no injected commands.
//
// Line ends: only CRLF ends a line. A lone LF ends it too, but the command is answered BAD; a lone CR
// stays in the text, where no rule of the grammar accepts it.
//
// Refused (Event::bad): the caller answers "tag BAD text" (tag() may be empty: "* BAD"), and with
// hang_up() also BYE, for we cannot tell where the next command starts without reading more than
// swallowed_octets_max. Without hang_up() the rest of the command is read and dropped silently; should it
// turn out longer than that, a second Event::bad comes, with hang_up().
//
// Memory: one command, at most the limits; past text_octets_kept given back when the next begins. Not
// thread-safe; the views it returns live until the next feed(). RFC 9051 §2.2, §4.3; RFC 7888 (LITERAL+,
// LITERAL-); RFC 3516 (literal8).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proto/imap/limits.h"

namespace heliopost::imap {

// literal = "{" number64 ["+"] "}" CRLF *CHAR8;  literal8 = "~{" number64 ["+"] "}" CRLF *OCTET
struct LiteralHeader {
    std::uint64_t octets = 0;
    bool synchronising = true;  // the client waits for "+ "
    bool binary = false;        // literal8: may hold NUL
    bool operator==(const LiteralHeader&) const = default;
};

// The literal header at the end of a line (without CRLF), if there is one. too_large: more than 63 bits.
struct LineEnd {
    bool has_literal = false;
    bool too_large = false;
    size_t header_octets = 0;
    LiteralHeader literal;
};
LineEnd find_literal(std::string_view line);

struct ReaderLimits {
    size_t line_octets = line_octets_max;  // the text of a command without its literals' octets
    size_t literals = literals_max;
    size_t literal_octets = literal_octets_total_max;  // of one command together, APPEND's message apart
    // The largest non-synchronising literal. LITERAL- says 4096 (RFC 7888 §5); with LITERAL+ the other
    // limits are enough. Larger ones: BAD and hang up.
    std::uint64_t unsolicited_octets = unsolicited_literal_octets_max;
    std::uint64_t swallowed_octets = swallowed_octets_max;
};

// Of a client that has not logged in: no literal of any kind may make us hold more than a few KB, and what is
// past the limits is hardly read over.
constexpr ReaderLimits stranger_limits() {
    return {.line_octets = stranger_line_octets_max,
            .literal_octets = stranger_literal_octets_max,
            .swallowed_octets = stranger_literal_octets_max};
}

class CommandReader {
public:
    enum class Event : std::uint8_t {
        more,          // all octets taken: read on
        continuation,  // send "+ ": the client waits before it sends a literal
        append,        // literal() of APPEND comes next, text() is the command so far: accept or refuse it
        octets,        // chunk: the next octets of the accepted literal
        command,       // text() is a whole command without the last CRLF
        line,          // text() is the line that was asked for with expect_line()
        bad,           // error(), tag(), hang_up()
    };
    struct Step {
        Event event = Event::more;
        size_t taken = 0;        // octets used of what was fed
        std::string_view chunk;  // into the octets that were fed
    };

    explicit CommandReader(ReaderLimits limits = {}) : limits_(limits) {}

    // Between commands; for instance after LOGIN.
    void set_limits(ReaderLimits limits) { limits_ = limits; }

    [[nodiscard]] Step feed(std::string_view octets);

    // After Event::append. accept: the caller sends "+ " itself if the literal is synchronising; its
    // octets come as Event::octets, then Event::command with text() up to the literal's header.
    // refuse: the caller answers NO or BAD now; the next event belongs to the next command.
    // False: too much to swallow, the caller must hang up.
    void accept_append();
    [[nodiscard]] bool refuse_append();

    // The next line is no command: "DONE" of IDLE, a SASL response of AUTHENTICATE.
    // Call it right after Event::command, before the next feed().
    void expect_line() { line_expected_ = true; }

    std::string_view text() const { return text_; }
    const LiteralHeader& literal() const { return literal_; }
    const Error& error() const { return error_; }
    bool hang_up() const { return state_ == State::closed; }

    // The tag of the command under way, "" if it has none that can be answered.
    std::string_view tag() const;

    size_t held_octets() const { return text_.capacity(); }

    // Gives text()'s memory back: before a long wait, so that an idle connection costs little.
    void release_text();

    // Nothing of a command has been read: the moment for an idle time-out and for stopping.
    bool between_commands() const { return state_ == State::start; }

private:
    enum class State : std::uint8_t {
        start,        // the next octet begins a command
        line,         // in a line
        literal,      // in a buffered literal
        announced,    // Event::append was given
        appending,    // in the message literal
        append_tail,  // in what follows it
        drop_line,    // dropping a refused command's line
        drop_octets,  // dropping a refused command's literal
        closed,
    };

    Step feed_some(std::string_view octets);
    Step feed_line(std::string_view octets);
    Step feed_literal(std::string_view octets);
    Step feed_append(std::string_view octets);
    Step drop_octets(std::string_view octets);
    Step drop_line(std::string_view octets);
    Event end_line();
    Event end_append(std::string_view line);
    Event begin_literal(const LineEnd& end);
    Event refuse(Fault fault, std::string text);
    Event refuse_literal(Fault fault, std::string text, const LineEnd& end);
    Event lose(std::string text);
    bool skip_literal(const LineEnd& end);
    bool is_append_message(const LineEnd& end) const;
    void begin_command();

    ReaderLimits limits_;
    State state_ = State::start;
    bool line_expected_ = false;
    std::string text_;
    size_t line_start_ = 0;  // of the line under way, in text_
    size_t append_end_ = 0;  // where the header of APPEND's message literal ends, in text_
    size_t literals_seen_ = 0;
    size_t literal_octets_seen_ = 0;
    std::uint64_t left_ = 0;     // octets of the literal still to come
    std::uint64_t dropped_ = 0;  // of the refused command
    std::string tail_;           // the last octets of a line that is being dropped
    LiteralHeader literal_;
    Error error_{};
};

}  // namespace heliopost::imap
