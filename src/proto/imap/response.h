// ResponseReader: reads what an IMAP server sends, for our own test client and load generator.
//
// Generic: a response is a line of values, a value is an atom, a string, NIL or a list. It does not know
// what FETCH means. Literals are kept in memory, up to response_octets_max for one response; past that,
// and on text that is no response, feed() fails and the connection is to be closed.
//
// RFC 9051 §7, §9 (response). Atoms are read widely: "BODY[HEADER.FIELDS (DATE)]<0>" is one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/imap/limits.h"

namespace heliopost::imap {

struct Value {
    enum class Kind : std::uint8_t { atom, string, nil, list };

    Kind kind = Kind::nil;
    std::string text;          // of atom and string
    std::vector<Value> items;  // of list
    bool operator==(const Value&) const = default;

    bool is(std::string_view word) const;  // an atom, in any case
    std::optional<std::uint64_t> number() const;
};

struct Response {
    enum class Kind : std::uint8_t { tagged, untagged, continuation };

    Kind kind = Kind::untagged;
    std::string tag;            // of tagged
    std::string status;         // "OK", "NO", "BAD", "BYE", "PREAUTH" in capitals; else empty
    std::vector<Value> code;    // of a status: what stands in brackets
    std::string text;           // of a status or continuation: the rest of the line
    std::vector<Value> values;  // of the others: "* 12 FETCH (...)" is 12, FETCH, list
    bool operator==(const Response&) const = default;

    // The value after the atom `name` in a list of pairs, as in FETCH and STATUS; null where absent.
    static const Value* find(const Value& list, std::string_view name);
};

// text: one response with its literals, without the last CRLF.
[[nodiscard]] Result<Response> parse_response(std::string_view text);

class ResponseReader {
public:
    void feed(std::string_view octets) { buffer_.append(octets); }

    // The next whole response; nothing: feed more.
    [[nodiscard]] Result<std::optional<Response>> next();

private:
    std::string buffer_;
    size_t start_ = 0;    // of the response under way
    size_t scanned_ = 0;  // up to here the response is known to go on
    size_t line_ = 0;     // start of the line under way
};

}  // namespace heliopost::imap
