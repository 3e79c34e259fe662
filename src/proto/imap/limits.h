// Every limit of the IMAP text layer in one place, with its source.
//
// Where an RFC names no number, ours is far above what clients send and far below what hurts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heliopost::imap {

inline constexpr size_t line_octets_max = 65'536;               // RFC 7162 §4 asks for at least 8192
inline constexpr size_t tag_octets_max = 128;                   // ours; clients send under 16
inline constexpr size_t literals_max = 64;                      // ours: literals in one command
inline constexpr size_t literal_octets_total_max = 1U << 20;    // ours: all buffered literals of one command
inline constexpr size_t unsolicited_literal_octets_max = 4096;  // RFC 7888 §5, LITERAL-
// Before login, where anybody may connect and hold what he likes: a name and a password, or a SASL response.
inline constexpr size_t stranger_line_octets_max = 8192;     // RFC 7162 §4
inline constexpr size_t stranger_literal_octets_max = 4096;  // ours: all literals of one command, as LITERAL-
inline constexpr size_t text_octets_kept = 4096;  // ours: a larger command's buffer is given back after it
inline constexpr std::uint64_t swallowed_octets_max = 64U << 20;  // ours: read and dropped before we hang up
inline constexpr size_t literal_header_octets_max = 32;           // "~{" 20 digits "+}" with room

inline constexpr size_t search_depth_max = 32;            // ours: parentheses, NOT and OR inside each other
inline constexpr size_t search_keys_max = 1'000;          // ours: keys in one SEARCH
inline constexpr size_t set_ranges_max = 32'768;          // as many as fit a line
inline constexpr size_t fetch_items_max = 200;            // ours
inline constexpr size_t section_parts_max = 100;          // the nesting that proto/mime reads
inline constexpr size_t section_fields_max = 500;         // ours: header names in one BODY[HEADER.FIELDS]
inline constexpr size_t list_patterns_max = 100;          // ours
inline constexpr size_t list_pattern_octets_max = 1'024;  // ours: no mailbox name is longer
inline constexpr size_t id_fields_max = 30;               // RFC 2971 §3.3
inline constexpr size_t id_field_octets_max = 30;         // RFC 2971 §3.3
inline constexpr size_t id_value_octets_max = 1024;       // RFC 2971 §3.3
inline constexpr size_t enabled_names_max = 50;           // ours: words of one ENABLE
inline constexpr size_t special_uses_max = 10;            // ours: there are eight

inline constexpr size_t keyword_octets_max = 255;  // ours
inline constexpr size_t keywords_max = 200;        // ours: keywords in one flag list

inline constexpr size_t mailbox_octets_max = 1'000;                        // ours: a whole name, in UTF-8
inline constexpr size_t mailbox_wire_octets_max = 5 * mailbox_octets_max;  // modified UTF-7 of the worst name
inline constexpr size_t mailbox_part_octets_max = 255;                     // ours: one level of it
inline constexpr size_t mailbox_depth_max = 32;                            // ours

inline constexpr size_t structure_depth_max = 150;  // ours: above the nesting that proto/mime reads

inline constexpr size_t response_depth_max = 200;  // client side: twice the nesting that proto/mime reads
inline constexpr size_t response_octets_max = 256U << 20;  // client side: one response with its literals

}  // namespace heliopost::imap
