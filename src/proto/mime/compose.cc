#include "proto/mime/compose.h"

#include <algorithm>

#include "base/text.h"
#include "proto/mime/charset.h"
#include "proto/mime/encoded_word.h"
#include "proto/mime/transfer.h"

namespace heliopost::mime {
namespace {

constexpr size_t line_octets = 78;       // RFC 5322 §2.1.1, should
constexpr size_t line_octets_max = 998;  // must
constexpr size_t section_octets = 54;    // of a parameter cut by RFC 2231 §3

std::string one_line(std::string_view text) {
    std::string line = repair_utf8(text);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    return line;
}

// Breaks before a space where the line would grow too long (RFC 5322 §2.2.3), and in a word only where it
// must.
void append_folded(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ':';
    size_t column = name.size() + 1;
    bool any = false;  // a word on this line
    while (!value.empty()) {
        const size_t spaces = std::min(value.find_first_not_of(" \t"), value.size());
        const size_t end = std::min(value.find_first_of(" \t", spaces), value.size());
        std::string_view word = value.substr(0, end);
        value.remove_prefix(end);
        if (any && column + 1 + word.size() > line_octets && !trim(word).empty()) {
            out += "\r\n";
            column = 0;
        }
        if (spaces == 0) {
            out += ' ';
            ++column;
        }
        while (column + word.size() > line_octets_max) {
            const auto piece = utf8_prefix(word, line_octets_max - column);
            out += piece;
            out += "\r\n ";
            column = 1;
            word.remove_prefix(piece.size());
        }
        out += word;
        column += word.size();
        any = any || !trim(word).empty();
    }
    out += "\r\n";
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 0x7F && !std::string_view("()<>@,;:\\\"/[]?=*'%").contains(c);
    });
}

// attribute-char of RFC 2231 §7; everything else as %XX
std::string percent(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_alnum(c) || std::string_view("-._").contains(c)) {
            out += c;
        } else {
            out += '%';
            out += digits[static_cast<unsigned char>(c) >> 4];
            out += digits[static_cast<unsigned char>(c) & 15];
        }
    }
    return out;
}

std::string parameter_text(const Parameter& parameter) {
    const std::string value = one_line(parameter.value);
    if (is_token(value)) return "; " + parameter.name + "=" + value;
    // What looks like an encoded word would be read as one, as many senders write them here.
    const bool plain = !value.contains("=?") &&
                       std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < 0x7F; });
    if (plain && value.size() <= line_octets) {
        std::string quoted = "; " + parameter.name + "=\"";
        for (const char c : value) {
            if (c == '"' || c == '\\') quoted += '\\';
            quoted += c;
        }
        return quoted + "\"";
    }
    std::string encoded = percent(value);
    if (encoded.size() <= section_octets) return "; " + parameter.name + "*=utf-8''" + encoded;
    std::string text;
    std::string_view rest = encoded;
    for (size_t number = 0; !rest.empty(); ++number) {
        size_t take = std::min(section_octets, rest.size());
        const size_t escape = rest.substr(0, take).rfind('%');
        if (take < rest.size() && escape != std::string_view::npos && escape + 3 > take) take = escape;
        text += "; " + parameter.name + "*" + std::to_string(number) + "*=" + (number == 0 ? "utf-8''" : "");
        text += rest.substr(0, take);
        rest.remove_prefix(take);
    }
    return text;
}

bool fits_seven_bit(std::string_view text) {
    size_t column = 0;
    for (const char c : text) {
        if (!is_ascii(c) || c == '\0' || c == '\r') return false;
        column = c == '\n' ? 0 : column + 1;
        if (column > line_octets_max) return false;
    }
    return true;
}

// Every line end as CRLF.
std::string with_crlf(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
        if (text[i] == '\n') out += '\r';
        out += text[i];
    }
    return out;
}

}  // namespace

Composer& Composer::field(std::string_view name, std::string_view text) {
    append_folded(out_, name, encode_words(one_line(text)));
    return *this;
}

Composer& Composer::structured_field(std::string_view name, std::string_view value) {
    append_folded(out_, name, one_line(value));
    return *this;
}

Composer& Composer::address_field(std::string_view name, const std::vector<Address>& addresses) {
    std::vector<Address> encoded = addresses;
    for (Address& address : encoded)
        if (!is_ascii_text(address.name)) address.name = encode_words(one_line(address.name));
    return structured_field(name, format_address_list(encoded));
}

Composer& Composer::date_field(std::string_view name, DateTime date) {
    return structured_field(name, format_date(date));
}

Composer& Composer::content_field(std::string_view name, std::string_view value,
                                  const Parameters& parameters) {
    std::string text(value);
    for (const Parameter& parameter : parameters) text += parameter_text(parameter);
    return structured_field(name, text);
}

Composer& Composer::content_type(std::string_view type, const Parameters& parameters) {
    return content_field("Content-Type", type, parameters);
}

Composer& Composer::content_disposition(std::string_view type, const Parameters& parameters) {
    return content_field("Content-Disposition", type, parameters);
}

Composer& Composer::text_body(std::string_view type, std::string_view utf8_text) {
    std::string unix_ends;
    for (const char c : with_crlf(utf8_text))
        if (c != '\r') unix_ends += c;
    const bool seven_bit = fits_seven_bit(unix_ends);
    const std::string text = with_crlf(unix_ends);
    content_type(type, {{"charset", seven_bit ? "us-ascii" : "utf-8"}});
    structured_field("Content-Transfer-Encoding", seven_bit ? "7bit" : "quoted-printable");
    return raw_body(seven_bit ? text : encode_quoted_printable(text));
}

Composer& Composer::binary_body(std::string_view type, std::string_view octets,
                                const Parameters& parameters) {
    content_type(type, parameters);
    structured_field("Content-Transfer-Encoding", "base64");
    return raw_body(encode_base64_lines(octets));
}

Composer& Composer::raw_body(std::string_view octets) {
    out_ += "\r\n";
    out_ += octets;
    return *this;
}

Composer& Composer::begin_multipart(std::string_view subtype, std::string_view boundary,
                                    const Parameters& parameters) {
    Parameters all = parameters;
    all.push_back({"boundary", std::string(boundary)});
    content_type("multipart/" + std::string(subtype), all);
    out_ += "\r\n";
    first_boundary_ = true;
    return *this;
}

Composer& Composer::boundary_line(std::string_view boundary) {
    out_ += first_boundary_ ? "--" : "\r\n--";
    first_boundary_ = false;
    out_ += boundary;
    out_ += "\r\n";
    return *this;
}

Composer& Composer::end_multipart(std::string_view boundary) {
    out_ += "\r\n--";
    out_ += boundary;
    out_ += "--\r\n";
    return *this;
}

}  // namespace heliopost::mime
