// What STATUS and LIST ... RETURN (STATUS ...) ask for, as a set of bits.
//
// RFC 9051 §6.3.11; RECENT: RFC 3501 §6.3.10; HIGHESTMODSEQ: RFC 7162 §3.1.2.1; SIZE: RFC 8438;
// APPENDLIMIT: RFC 7889 §3.1.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/cursor.h"
#include "base/result.h"

namespace heliopost::imap {

enum class StatusItem : std::uint8_t {
    messages,
    recent,
    uid_next,
    uid_validity,
    unseen,
    deleted,
    size,
    highest_mod_sequence,
    append_limit,
};
inline constexpr int status_items = 9;

struct StatusItems {
    std::uint16_t bits = 0;

    bool has(StatusItem item) const { return (bits >> static_cast<unsigned>(item) & 1U) != 0; }
    void add(StatusItem item) { bits = static_cast<std::uint16_t>(bits | 1U << static_cast<unsigned>(item)); }
    bool operator==(const StatusItems&) const = default;
};

// "(" status-att *(SP status-att) ")"
[[nodiscard]] Result<StatusItems> parse_status_items(Cursor& in);

std::string_view to_text(StatusItem item);

}  // namespace heliopost::imap
