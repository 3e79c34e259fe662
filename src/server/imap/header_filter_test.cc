#include "server/imap/header_filter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "proto/mime/header.h"

namespace heliopost::imap_server {
namespace {

imap::Section fields(std::vector<std::string> names, bool without = false) {
    using Text = imap::Section::Text;
    imap::Section section;
    section.text = without ? Text::header_fields_not : Text::header_fields;
    section.fields = std::move(names);
    return section;
}

std::string filtered(const imap::Section& section, std::string_view header, std::size_t piece) {
    HeaderFilter filter(section);
    std::string out;
    for (std::size_t at = 0; at < header.size(); at += piece) filter.feed(header.substr(at, piece), out);
    filter.finish(out);
    return out;
}

// The same by another way, which needs the header whole.
std::string by_reader(const imap::Section& section, std::string_view header) {
    std::string out;
    mime::FieldReader reader(header);
    while (const auto field = reader.next()) {
        const bool named = std::ranges::any_of(
            section.fields, [&](const std::string& name) { return same_ignoring_case(name, field->name); });
        if (named == (section.text == imap::Section::Text::header_fields))
            out += header.substr(field->begin, field->end - field->begin);
    }
    return out + "\r\n";
}

}  // namespace

TEST_CASE("header filter: what FieldReader finds, whatever the pieces") {
    const std::string_view headers[] = {
        "",
        "\r\n",
        "Subject: a\r\nTo: b\r\n\r\nSubject: body\r\n",
        "Subject: a\r\n folded\r\n\tagain\r\nTo: b\r\nSUBJECT : c\n x\n\n",
        " begins with a fold\r\nTo: b\r\n",
        "From me Mon\r\n folded nonsense\r\nSubject: a\r\n",
        "no colon\r\nSubject: a\r\n: no name\r\n x\r\nTo: b",
        "Subject\r\n: a\r\nTo: b\r\n",
        "Sub ject: a\r\nSubject:\r\n\r\n",
        "Subject: no end",
        "Subject",
        "To: \r: x\r\nSubject: \0 \xff\r\n",
    };
    for (const std::string_view header : headers)
        for (const bool without : {false, true})
            for (const std::size_t piece : {1U, 2U, 3U, 1000U}) {
                CAPTURE(header);
                CAPTURE(piece);
                const auto section = fields({"subject", "Cc"}, without);
                CHECK(filtered(section, header, piece) == by_reader(section, header));
            }
}

TEST_CASE("header filter: a name past the limit is no field, and is not held") {
    const std::string name(filtered_name_octets_max, 'n');
    const std::string header = name + ": a\r\n" + name + "n: b\r\n c\r\nTo: d\r\n";
    for (const std::size_t piece : {1U, 7U, 4096U}) {
        CHECK(filtered(fields({name}), header, piece) == name + ": a\r\n\r\n");
        CHECK(filtered(fields({"x"}, true), header, piece) == name + ": a\r\nTo: d\r\n\r\n");
    }
}

}  // namespace heliopost::imap_server
