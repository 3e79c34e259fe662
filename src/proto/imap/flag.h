// Flags: the five system flags that a client may set, and keywords.
//
// Keywords ($Forwarded, $Junk, $MDNSent, ...) are atoms, compared without case and kept as first
// written. "\Recent" is read and dropped in lists from clients, since old ones copy it from FETCH
// answers; any other "\x" is a syntax error. RFC 9051 §2.3.2, RFC 5788.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "base/result.h"
#include "proto/imap/limits.h"

namespace heliopost::imap {

enum class SystemFlag : std::uint8_t { answered = 1, flagged = 2, deleted = 4, seen = 8, draft = 16 };

inline constexpr std::uint8_t all_system_flags = 31;

struct Flags {
    std::uint8_t system = 0;            // SystemFlag bits
    std::vector<std::string> keywords;  // no two the same; order of first mention

    bool has(SystemFlag flag) const { return (system & static_cast<std::uint8_t>(flag)) != 0; }
    bool has(std::string_view keyword) const;
    void add(SystemFlag flag) { system |= static_cast<std::uint8_t>(flag); }
    void add(std::string_view keyword);
    bool empty() const { return system == 0 && keywords.empty(); }
    bool operator==(const Flags&) const = default;
};

// "\Seen" in any case.
std::optional<SystemFlag> system_flag(std::string_view text);
std::string_view to_text(SystemFlag flag);

// flag-keyword = "$MDNSent" / ... / atom
bool is_keyword(std::string_view text);

// flag-list = "(" [flag *(SP flag)] ")"
[[nodiscard]] Result<Flags> parse_flag_list(Cursor& in);
// store-att-flags: flag-list / (flag *(SP flag))
[[nodiscard]] Result<Flags> parse_store_flags(Cursor& in);

void append_flags(std::string& out, const Flags& flags);  // "(\Seen $Junk)"
// The same without a Flags value: for FETCH over many messages.
void append_system_flags(std::string& out, std::uint8_t system);  // "\Seen \Draft", no parentheses

}  // namespace heliopost::imap
