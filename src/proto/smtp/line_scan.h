// Where line ends are wrong in a message that streams by: shared by DATA, BDAT and whoever takes a message
// in. 64 octets at a time.
//
// RFC 5321 §2.3.8: CR and LF come only together. Both as ends of a line and as ends of a message
// they are what mail smuggling is made of, so a message with a bare one is refused with 550.
#pragma once

#include <cstdint>
#include <string_view>

namespace heliopost::smtp {

// Deviates from RFC 5321 §4.5.3.1.6 (1,000 octets) because real mail has longer lines; without CRLF.
inline constexpr std::uint64_t message_line_octets_max = 64 * 1024;

struct Defects {
    bool bare_cr = false;
    bool bare_lf = false;
    bool long_line = false;
    bool any() const { return bare_cr || bare_lf || long_line; }
    bool operator==(const Defects&) const = default;
};

class LineScanner {
public:
    void feed(std::string_view octets);
    Defects finish();  // at the message's end: a CR or a long line may be left open there
    Defects defects() const { return defects_; }

private:
    void step(char octet);

    std::uint64_t line_octets_ = 0;  // since the last CRLF, a CR among them
    bool after_cr_ = false;
    Defects defects_;
};

}  // namespace heliopost::smtp
