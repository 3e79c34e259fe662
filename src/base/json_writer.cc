#include "base/json_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace heliopost {
namespace {

// The octets of the UTF-8 character that text begins with; 0 where it begins with a bad octet.
size_t character_octets(std::string_view text) {
    for (size_t octets = 1; octets <= std::min<size_t>(4, text.size()); ++octets)
        if (is_utf8(text.substr(0, octets))) return octets;
    return 0;
}

void append_ascii(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    if (c < ' ' || c == 0x7F) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
        out += c;
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        size_t octets = 1;
        if (is_ascii(text.front())) {
            append_ascii(out, text.front());
        } else if (octets = character_octets(text); octets == 0) {
            out += "\xEF\xBF\xBD";
            octets = 1;
        } else {
            out += text.substr(0, octets);
        }
        text.remove_prefix(octets);
    }
    out += '"';
}

void JsonWriter::separate() {
    if (comma_) out_ += ',';
    comma_ = true;
}

void JsonWriter::open(char c) {
    separate();
    out_ += c;
    comma_ = false;
}

void JsonWriter::close(char c) {
    out_ += c;
    comma_ = true;
}

void JsonWriter::key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_ += ':';
    comma_ = false;
}

void JsonWriter::string(std::string_view text) {
    separate();
    append_json_string(out_, text);
}

void JsonWriter::number(std::int64_t value) {
    separate();
    out_ += std::to_string(value);
}

void JsonWriter::boolean(bool value) {
    separate();
    out_ += value ? "true" : "false";
}

void JsonWriter::null() {
    separate();
    out_ += "null";
}

}  // namespace heliopost
