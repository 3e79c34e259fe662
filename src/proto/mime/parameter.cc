#include "proto/mime/parameter.h"

#include <algorithm>
#include <map>

#include "base/cursor.h"
#include "base/text.h"
#include "proto/mime/cfws.h"
#include "proto/mime/charset.h"
#include "proto/mime/encoded_word.h"

namespace heliopost::mime {
namespace {

std::string take_token(Cursor& in, std::string_view ends) {
    return std::string(in.take_while([&](char c) { return !is_white(c) && c != '\0' && !ends.contains(c); }));
}

// value = token / quoted-string. Senders leave out quotes around spaces, so a token goes on to the ";", a
// comment or a fold: after a fold may stand the next parameter whose ";" was forgotten.
std::string take_value(Cursor& in) {
    if (in.peek() == '"') return take_quoted_string(in);
    const auto text = in.take_while([](char c) { return c != ';' && c != '(' && c != '\r' && c != '\n'; });
    std::string value(trim(text));
    std::erase(value, '\0');
    return value;
}

// *(";" parameter);  parameter = attribute "=" value
Parameters take_parameters(Cursor& in, size_t count_max) {
    Parameters parameters;
    while (!in.done() && parameters.size() < count_max) {
        skip_cfws(in);
        if (in.take(';')) continue;
        Parameter parameter;
        parameter.name = take_token(in, "=;(\"");
        skip_cfws(in);
        if (!in.take('=')) {
            if (parameter.name.empty()) in.skip();  // a stray quote
            continue;
        }
        skip_cfws(in);
        parameter.value = take_value(in);
        if (!parameter.name.empty()) parameters.push_back(std::move(parameter));
    }
    return parameters;
}

// attribute-char pieces of one parameter: name*, name*0, name*0*, ...
struct Piece {
    std::string_view value;
    bool encoded = false;
};
struct Pieces {
    std::map<size_t, Piece> by_number;  // name* counts as 0
    const Parameter* plain = nullptr;
};

// RFC 2231 §3 and §4: "*" and a number (no zero in front), then "*" if encoded.
void sort_piece(const Parameter& parameter, std::string_view name, Pieces& pieces) {
    std::string_view have = parameter.name;
    if (!starts_with_ignoring_case(have, name)) return;
    have.remove_prefix(name.size());
    if (have.empty()) {
        if (pieces.plain == nullptr) pieces.plain = &parameter;
        return;
    }
    if (have[0] != '*') return;
    have.remove_prefix(1);
    if (have == "*") return;
    Piece piece{parameter.value, have.empty() || have.ends_with('*')};
    if (have.ends_with('*')) have.remove_suffix(1);
    const auto number = have.empty() ? 0 : to_number(have);
    if (number) pieces.by_number.try_emplace(*number, piece);
}

Pieces pieces_of(const Parameters& parameters, std::string_view name) {
    Pieces pieces;
    for (const Parameter& parameter : parameters) sort_piece(parameter, name, pieces);
    return pieces;
}

struct Joined {
    std::string charset;
    std::string octets;
};

// initial-section's value = charset "'" [language] "'" text
Joined join(const Pieces& pieces) {
    Joined joined;
    size_t due = 0;
    for (const auto& [number, piece] : pieces.by_number) {
        if (number != due++) break;  // what stands after a gap belongs elsewhere
        std::string_view value = piece.value;
        if (number == 0 && piece.encoded) {
            const size_t first = value.find('\'');
            const size_t second = first == std::string_view::npos ? first : value.find('\'', first + 1);
            if (second != std::string_view::npos) {
                joined.charset = value.substr(0, first);
                value.remove_prefix(second + 1);
            }
        }
        joined.octets += piece.encoded ? decode_percent(value) : std::string(value);
    }
    return joined;
}

}  // namespace

// content = type "/" subtype *(";" parameter)
ContentType parse_content_type(std::string_view value, const Limits& limits) {
    Cursor in(value);
    ContentType content;
    skip_cfws(in);
    content.type = take_token(in, "/;(");
    skip_cfws(in);
    if (in.take('/')) {
        skip_cfws(in);
        content.subtype = take_token(in, "/;(");
    }
    content.parameters = take_parameters(in, limits.parameters);
    return content;
}

// disposition = disposition-type *(";" disposition-parm)
Disposition parse_disposition(std::string_view value, const Limits& limits) {
    Cursor in(value);
    Disposition disposition;
    skip_cfws(in);
    const size_t begin = in.offset();
    disposition.type = take_token(in, "=;(");
    skip_cfws(in);
    if (in.peek() == '=') {  // filename=... without a type
        disposition.type.clear();
        in.seek(begin);
    }
    disposition.parameters = take_parameters(in, limits.parameters);
    return disposition;
}

std::optional<std::string> find_parameter(const Parameters& parameters, std::string_view name) {
    const Pieces pieces = pieces_of(parameters, name);
    // The extended form is the better one where both are given: RFC 6266 §4.3 says the same for HTTP.
    if (pieces.by_number.contains(0)) {
        const Joined joined = join(pieces);
        return to_utf8(joined.charset, joined.octets);
    }
    if (pieces.plain != nullptr) return decode_words(pieces.plain->value);
    return std::nullopt;
}

std::string find_boundary(const Parameters& parameters) {
    const Pieces pieces = pieces_of(parameters, "boundary");
    if (pieces.by_number.contains(0)) return join(pieces).octets;
    return pieces.plain == nullptr ? std::string() : pieces.plain->value;
}

}  // namespace heliopost::mime
