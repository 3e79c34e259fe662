// SearchKey: what SEARCH asks for, as a tree.
//
// Strings are as sent; the charset stands in command::Search. FROM, TO, CC, BCC and SUBJECT become
// HeaderText with that field. Several keys side by side are an And. OLD, NEW and RECENT exist only in
// IMAP4rev1; with RECENT always 0 they read as All and None. Depth and number of keys are limited
// (search_depth_max, search_keys_max). RFC 9051 §6.4.4; RFC 3501 §6.4.4; MODSEQ: RFC 7162 §3.1.5.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/cursor.h"
#include "base/id.h"
#include "base/result.h"
#include "proto/imap/date.h"
#include "proto/imap/flag.h"
#include "proto/imap/sequence_set.h"

namespace heliopost::imap {

struct SearchKey;

namespace search {

struct All {  // also OLD
    bool operator==(const All&) const = default;
};
struct None {  // RECENT, NEW
    bool operator==(const None&) const = default;
};
struct HasFlag {  // SEEN, UNSEEN, ...
    SystemFlag flag{};
    bool set = true;
    bool operator==(const HasFlag&) const = default;
};
struct HasKeyword {  // KEYWORD, UNKEYWORD
    std::string keyword;
    bool set = true;
    bool operator==(const HasKeyword&) const = default;
};
struct Numbers {  // sequence-set, UID sequence-set
    SequenceSet set;
    bool uid = false;
    bool operator==(const Numbers&) const = default;
};
enum class Relation : std::uint8_t { before, on, since };
struct Received {  // BEFORE, ON, SINCE: the internal date, time and zone disregarded
    Relation relation{};
    Date date{};
    bool operator==(const Received&) const = default;
};
struct Sent {  // SENTBEFORE, SENTON, SENTSINCE: the Date field
    Relation relation{};
    Date date{};
    bool operator==(const Sent&) const = default;
};
struct Size {  // LARGER, SMALLER: strictly
    bool larger = true;
    std::uint64_t octets = 0;
    bool operator==(const Size&) const = default;
};
struct HeaderText {  // HEADER, FROM, ...; an empty text asks whether the field is there
    std::string field;
    std::string text;
    bool operator==(const HeaderText&) const = default;
};
struct BodyText {  // BODY
    std::string text;
    bool operator==(const BodyText&) const = default;
};
struct AnyText {  // TEXT: header or body
    std::string text;
    bool operator==(const AnyText&) const = default;
};
struct ChangedSince {   // MODSEQ: that mod-sequence or greater. Entry name and type are read and ignored:
    ModSequence least;  // one mod-sequence serves all metadata of a message. RFC 7162 §3.1.5
    bool operator==(const ChangedSince&) const = default;
};
struct Not {
    std::vector<SearchKey> key;  // exactly one
    bool operator==(const Not&) const;
};
struct Or {
    std::vector<SearchKey> keys;  // exactly two
    bool operator==(const Or&) const;
};
struct And {
    std::vector<SearchKey> keys;  // one or more
    bool operator==(const And&) const;
};

}  // namespace search

struct SearchKey {
    std::variant<search::All, search::None, search::HasFlag, search::HasKeyword, search::Numbers,
                 search::Received, search::Sent, search::Size, search::HeaderText, search::BodyText,
                 search::AnyText, search::ChangedSince, search::Not, search::Or, search::And>
        value;
    bool operator==(const SearchKey&) const = default;
};

// search-key *(SP search-key), to the end of the text.
[[nodiscard]] Result<SearchKey> parse_search_keys(Cursor& in);

// Does any key use MODSEQ? Then the answer carries MODSEQ, and CONDSTORE is on: RFC 7162 §3.1.
bool asks_mod_sequence(const SearchKey& key);

void append_search_key(std::string& out, const SearchKey& key);  // reads back to the same tree

}  // namespace heliopost::imap
