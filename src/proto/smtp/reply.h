// SMTP replies: the server's, to be written, and the client's, to be read from a hostile server.
//
// RFC 5321 §4.2, §4.5.3.1.5 (line limit), RFC 2034 and RFC 3463 (enhanced status codes).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cursor.h"
#include "base/result.h"

namespace heliopost::smtp {

inline constexpr size_t reply_line_octets_max = 512;   // with code and CRLF, as sent: RFC 5321 §4.5.3.1.5
inline constexpr size_t reply_octets_max = 64 * 1024;  // a whole reply that we read
inline constexpr size_t reply_lines_max = 512;
inline constexpr size_t status_part_max = 999;  // RFC 3463 §2: at most three digits

// class "." subject "." detail: RFC 3463 §2. All zero: none.
struct EnhancedStatus {
    std::uint16_t kind = 0;  // 2, 4 or 5
    std::uint16_t subject = 0;
    std::uint16_t detail = 0;

    constexpr bool none() const { return kind == 0; }
    constexpr auto operator<=>(const EnhancedStatus&) const = default;
};

std::string to_string(EnhancedStatus status);                     // "5.1.1"; "" for none
std::optional<EnhancedStatus> parse_enhanced_status(Cursor& in);  // moves only past a whole one

struct Reply {
    int code = 0;
    EnhancedStatus enhanced;
    std::vector<std::string> lines;  // without code and enhanced status

    Reply() = default;
    Reply(int reply_code, EnhancedStatus status, std::string line)
        : code(reply_code), enhanced(status), lines{std::move(line)} {}
    Reply(int reply_code, std::string line) : code(reply_code), lines{std::move(line)} {}

    bool positive() const { return code >= 200 && code < 400; }
    bool transient() const { return code >= 400 && code < 500; }
    bool permanent() const { return code >= 500; }
    bool operator==(const Reply&) const = default;
};

// With CRLFs. Each line carries the code and the enhanced status; a line past 512 octets goes on in the
// next. Octets that are not printable ASCII become "?": a reply never carries what a peer could inject.
std::string format(const Reply& reply);

// The reply in one line for logs and DSNs: "550 5.1.1 no such user".
std::string one_line(const Reply& reply);

// Reads one reply, fed in any pieces. Deviates from RFC 5321 §4.2 by taking a bare LF as a line's end:
// nothing that follows depends on it.
class ReplyParser {
public:
    // How many octets belonged to this reply; all of them unless done(). Fault::syntax for what is no
    // reply or mixes codes, Fault::too_large past a limit; the parser is useless then.
    Result<size_t> feed(std::string_view octets);
    bool done() const { return done_; }
    Reply take();  // once done(); the parser is ready for the next reply
    // What came of a reply that feed() found too long: its code, known from the first four octets, and its
    // text as far as a limit allows. Nothing where it failed otherwise, or before a code.
    std::optional<Reply> take_cut();

private:
    Result<> take_line(std::string_view line);

    Reply reply_;
    std::string line_;
    size_t octets_ = 0;
    bool done_ = false;
    bool too_long_ = false;
};

}  // namespace heliopost::smtp
