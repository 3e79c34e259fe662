// Messages made of header lines, boundaries and lines that nearly are boundaries: in any pieces the structure
// is the same, its parts lie within each other, a message within the message reads as it does alone, and what
// a part holds decodes to no more than it has.
//
// An input is a first octet, which says how the message is cut and how its lines end, and the message's
// lines.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/fuzz_lines.h"
#include "proto/mime/charset.h"
#include "proto/mime/scanner.h"
#include "proto/mime/transfer.h"

namespace {

using namespace heliopost;
using namespace heliopost::mime;

constexpr std::string_view line_forms[] = {
    "Content-Type: multipart/`; boundary=`",
    "Content-Type: multipart/`; boundary=\"`\"; x=y",
    "Content-Type: message/rfc822",
    "Content-Type: message/global",
    "Content-Type: text/plain; charset=`",
    "Content-Type: text/html; name*0*=utf-8''%C3; name*1*=%A4",
    "Content-Type: `",
    "Content-Transfer-Encoding: `",
    "Content-Disposition: attachment; filename=\"`\"",
    "Content-ID: <`>",
    "Content-Language: en, `",
    "Subject: `",
    "From: ` <`@a.example>",
    "To: Group: a@b, `; , c@d",
    "Date: Mon, 23 Nov 2026 08:15:30 +0100",
    "MIME-Version: 1.0",
    " folded `",
    "",
    "",
    "--`",
    "--`",
    "--`--",
    "--`-",
    "--` \t",
    "--` x",
    " --`",
    "-`",
    "--",
    "aGVsbG8=",
    "=C3=A4=",
    "begin 644 x",
    "`",
};

constexpr std::string_view words[] = {"a",          "b",
                                      "ab",         "a b",
                                      "mixed",      "alternative",
                                      "related",    "digest",
                                      "report",     "base64",
                                      "8bit",       "binary",
                                      "utf-8",      "iso-8859-1",
                                      "x-uuencode", "quoted-printable",
                                      "text",       "=?utf-8?q?=C3=A4?=",
                                      "(c)",        "\"",
                                      ";",          "\xE4"};

std::string a_line(fuzz::Random& random) {
    return fuzz::fill(random, std::string(fuzz::one_of(random, line_forms)), words);
}

void must(bool holds) {
    if (!holds) std::abort();
}

void check_part(const Structure& structure, std::string_view message, const Part& part) {
    must(part.header_begin <= part.body_begin && part.body_begin <= part.body_end &&
         part.body_end <= message.size());
    const std::string_view body = message.substr(part.body_begin, part.octets());
    must(part.lines == static_cast<std::uint64_t>(std::ranges::count(body, '\n')));
    std::uint64_t from = part.body_begin;
    for (const auto child : part.children) {
        const Part& inner = structure.parts.at(child);
        must(inner.header_begin >= from && inner.body_end <= part.body_end);
        from = inner.body_end;
    }
    const std::string decoded = decode_transfer(parse_transfer_encoding(part.encoding), body);
    must(decoded.size() <= body.size());
    const auto charset = find_parameter(part.type.parameters, "charset");
    must(is_utf8(to_utf8(charset.value_or(""), decoded)));
    must(is_utf8(file_name(part).value_or("")));
}

// The octets of a message inside, read alone, have the same parts at the same places.
void check_inner(const Structure& structure, std::string_view message, std::uint32_t root) {
    const Part& part = structure.parts.at(root);
    const Structure alone = scan(message.substr(part.header_begin, part.body_end - part.header_begin));
    must(!alone.parts.empty());
    const Part& same = alone.parts.front();
    must(same.kind == part.kind && same.type == part.type && same.encoding == part.encoding);
    must(same.header_octets() == part.header_octets() && same.octets() == part.octets());
    must(same.children.size() == part.children.size());
    for (std::size_t i = 0; i < same.children.size(); ++i) {
        const Part& ours = structure.parts.at(part.children[i]);
        const Part& theirs = alone.parts.at(same.children[i]);
        must(theirs.body_begin + part.header_begin == ours.body_begin && theirs.octets() == ours.octets());
        must(theirs.type == ours.type);
    }
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(std::uint8_t* data, size_t size, size_t size_max, unsigned seed) {
    return fuzz::mutate_lines(data, size, size_max, seed, a_line);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size < 2 || size > 20'000) return 0;
    std::string message;
    for (const char* at = reinterpret_cast<const char*>(data) + 1;
         at != reinterpret_cast<const char*>(data) + size; ++at)
        message += *at == '\n' && data[0] % 4 != 0 ? std::string("\r\n") : std::string(1, *at);
    const Structure whole = scan(message);
    for (const size_t step : {size_t{1}, data[0] / 4 + size_t{2}, size_t{61}}) {
        Scanner scanner;
        for (size_t at = 0; at < message.size(); at += step)
            scanner.feed(std::string_view(message).substr(at, step));
        must(scanner.finish() == whole);
    }
    must(whole.octets == message.size() && !whole.parts.empty());
    for (const Part& part : whole.parts) check_part(whole, message, part);
    if (whole.over_limit) return 0;
    for (const Part& part : whole.parts)
        if (part.kind == PartKind::message) check_inner(whole, message, part.children.front());
    const BodyParts shown = body_parts(whole);
    for (const auto* list : {&shown.text, &shown.html, &shown.attachments})
        for (const auto index : *list)
            must(whole.parts.at(index).children.empty() || whole.parts[index].kind == PartKind::message);
    return 0;
}
