#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "proto/mime/charset.h"
#include "proto/mime/compose.h"
#include "proto/mime/header.h"
#include "proto/mime/scanner.h"
#include "proto/mime/transfer.h"

namespace {

using namespace heliopost;
using namespace heliopost::mime;

void must(bool holds) {
    if (!holds) std::abort();
}

// What folding and a field's own edges may change.
std::string without_blanks(std::string_view text) {
    std::string out;
    for (const char c : text)
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\0') out += c;
    return out;
}

std::string with_lf(std::string_view text) {
    std::string out;
    for (const char c : text)
        if (c != '\r') out += c;
    return out;
}

}  // namespace

// The first line is a field's text, a parameter and a name, the rest a body: whatever they hold, no field is
// added, no part begins or ends, and all of them are read back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    const std::string octets(reinterpret_cast<const char*>(data), size);
    const size_t end = std::min(octets.find('\v'), octets.size());
    const std::string line = octets.substr(0, std::min<size_t>(end, 300));  // more pieces than are read back
    const std::string body = repair_utf8(std::string_view(octets).substr(std::min(end + 1, octets.size())));

    Address named;
    named.name = line;
    named.mailbox = "ann";
    named.host = "a.example";
    Composer out;
    out.field("Subject", line)
        .structured_field("X-Structured", line)
        .address_field("From", {named, named})
        .date_field("Date", {})
        .begin_multipart("mixed", "=_b")
        .boundary_line("=_b")
        .text_body("text/plain", body)
        .boundary_line("=_b")
        .content_disposition("attachment", {{"filename", line}})
        .binary_body("application/octet-stream", body)
        .end_multipart("=_b");
    const std::string message = out.take();
    for (size_t at = 0, next = 0; at < message.size(); at = next + 2) {
        next = message.find("\r\n", at);
        must(next != std::string::npos && next - at <= 998);
    }
    // A preamble of seven-bit text may look like the boundary: it is the caller's to choose one that is not
    // there.
    if (body.contains("--=_b")) return 0;

    const Structure structure = scan(message);
    must(structure.parts.size() == 3 && structure.parts[0].children.size() == 2);
    const std::string_view header(message.data(), structure.parts[0].body_begin);
    FieldReader fields(header);
    size_t count = 0;
    while (fields.next()) ++count;
    must(count == 5);
    const std::string clean = repair_utf8(line);
    if (const auto subject = find_field(header, "Subject"))
        must(without_blanks(decode_unstructured(subject->value)) == without_blanks(clean));
    const auto part = [&](size_t i) {
        const Part& one = structure.parts[i];
        return decode_transfer(parse_transfer_encoding(one.encoding),
                               std::string_view(message).substr(one.body_begin, one.octets()));
    };
    must(part(2) == body);
    must(with_lf(part(1)) == with_lf(body));
    const auto name = file_name(structure.parts[2]);
    must(without_blanks(name.value_or("")) == without_blanks(clean));
    return 0;
}
