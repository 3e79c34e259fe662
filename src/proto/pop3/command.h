// One POP3 command line, read to its values.
//
// The text comes without its CRLF. Message numbers are 1 and up; whether one exists is the session's to say.
// APOP is not offered: it needs the clear password (RFC 1939 §7).
//
// RFC 1939, RFC 2449 (CAPA, line limit), RFC 2595 (STLS), RFC 5034 (AUTH).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace heliopost::pop3 {

inline constexpr size_t command_octets_max = 255;  // with CRLF: RFC 2449 §4
inline constexpr size_t auth_command_octets_max =
    2'048;  // Deviates from RFC 5034 §4 (255): an initial response may be long

enum class Verb : std::uint8_t {
    user,
    pass,
    auth,
    stls,
    capa,
    stat,
    list,
    uidl,
    retr,
    top,
    dele,
    noop,
    rset,
    quit
};

std::string_view name_of(Verb verb);

struct Command {
    Verb verb = Verb::noop;
    std::optional<std::uint32_t> message;  // RETR DELE TOP; LIST and UIDL if given
    std::uint64_t lines = 0;               // TOP
    std::string text;                      // USER: name; PASS: password, spaces and all; AUTH: mechanism
    std::optional<std::string> initial_response;  // AUTH: base64 or "=" as sent
    bool operator==(const Command&) const = default;
};

// Fault::syntax; Fault::not_found for an unknown verb.
Result<Command> parse_command(std::string_view line);

}  // namespace heliopost::pop3
