#include "proto/imap/fetch_item.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "proto/imap/encode.h"
#include "proto/imap/token.h"

namespace heliopost::imap {
namespace {

using Kind = FetchItem::Kind;

struct Named {
    std::string_view name;
    Kind kind{};
};
// Items without arguments. BODY and BINARY with a section are read apart.
constexpr Named plain_items[] = {
    {"FLAGS", Kind::flags},
    {"UID", Kind::uid},
    {"MODSEQ", Kind::mod_sequence},
    {"INTERNALDATE", Kind::internal_date},
    {"RFC822.SIZE", Kind::rfc822_size},
    {"RFC822", Kind::rfc822},
    {"RFC822.HEADER", Kind::rfc822_header},
    {"RFC822.TEXT", Kind::rfc822_text},
    {"ENVELOPE", Kind::envelope},
    {"BODY", Kind::body},
    {"BODYSTRUCTURE", Kind::body_structure},
};
struct SectionNamed {
    std::string_view name;
    Kind kind{};
    bool peek = false;
};
constexpr SectionNamed section_items[] = {
    {"BODY", Kind::section, false},
    {"BODY.PEEK", Kind::section, true},
    {"BINARY", Kind::binary, false},
    {"BINARY.PEEK", Kind::binary, true},
    {"BINARY.SIZE", Kind::binary_size, false},
};

bool is_name_char(char c) {
    return is_alnum(c) || c == '.';
}

// section-part = nz-number *("." nz-number); takes the "." before what follows it.
Result<> parse_part(Cursor& in, Section& section, bool& dot_taken) {
    dot_taken = false;
    if (!is_digit(in.peek())) return {};
    do {
        if (section.part.size() == section_parts_max) return fail(Fault::too_large, "part number too deep");
        section.part.push_back(TRY(parse_nz_number(in)));
        dot_taken = in.take('.');
    } while (dot_taken && is_digit(in.peek()));
    return {};
}

// header-list = "(" header-fld-name *(SP header-fld-name) ")"
Result<> parse_header_list(Cursor& in, Section& section) {
    TRY(expect_space(in));
    TRY(in.expect('('));
    do {
        if (section.fields.size() == section_fields_max)
            return fail(Fault::too_large, "too many header fields");
        section.fields.push_back(TRY(parse_astring(in)));
    } while (in.take(' '));
    return in.expect(')');
}

// section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT";  section-text: also "MIME"
Result<> parse_section_text(Cursor& in, Section& section) {
    const auto word = in.take_while(is_name_char);
    const auto is = [word](std::string_view name) { return same_ignoring_case(word, name); };
    if (is("HEADER")) {
        section.text = Section::Text::header;
    } else if (is("TEXT")) {
        section.text = Section::Text::text;
    } else if (is("MIME") && !section.part.empty()) {
        section.text = Section::Text::mime;
    } else if (is("HEADER.FIELDS")) {
        section.text = Section::Text::header_fields;
        return parse_header_list(in, section);
    } else if (is("HEADER.FIELDS.NOT")) {
        section.text = Section::Text::header_fields_not;
        return parse_header_list(in, section);
    } else {
        return fail(Fault::syntax, "unknown section");
    }
    return {};
}

// section = "[" [section-spec] "]";  section-binary = "[" [section-part] "]"
Result<Section> parse_section(Cursor& in, Kind kind) {
    Section section;
    bool dot_taken = false;
    TRY(in.expect('['));
    TRY(parse_part(in, section, dot_taken));
    const bool text_follows = dot_taken || (section.part.empty() && in.peek() != ']');
    if (text_follows && kind != Kind::section) return fail(Fault::syntax, "BINARY takes part numbers only");
    if (text_follows) TRY(parse_section_text(in, section));
    TRY(in.expect(']'));
    return section;
}

// partial = "<" number64 "." nz-number64 ">"
Result<Partial> parse_partial(Cursor& in) {
    Partial partial;
    TRY(in.expect('<'));
    partial.offset = TRY(parse_number64(in));
    TRY(in.expect('.'));
    partial.octets = TRY(parse_number64(in));
    if (partial.octets == 0) return fail(Fault::syntax, "a partial fetch asks for at least one octet");
    TRY(in.expect('>'));
    return partial;
}

// fetch-att
Result<FetchItem> parse_fetch_item(Cursor& in) {
    const auto name = in.take_while(is_name_char);
    if (in.peek() == '[') {
        for (const auto& [known, kind, peek] : section_items) {
            if (!same_ignoring_case(name, known)) continue;
            FetchItem item{kind, peek};
            item.section = TRY(parse_section(in, kind));
            if (in.peek() == '<' && kind != Kind::binary_size) item.partial = TRY(parse_partial(in));
            return item;
        }
        return fail(Fault::syntax, "unknown FETCH item");
    }
    for (const auto& [known, kind] : plain_items)
        if (same_ignoring_case(name, known)) return FetchItem{kind};
    return fail(Fault::syntax, "unknown FETCH item");
}

// "ALL" / "FULL" / "FAST"; nothing if it is none of them.
std::vector<FetchItem> take_macro(Cursor& in) {
    const size_t start = in.offset();
    const auto word = in.take_while(is_name_char);
    std::vector<FetchItem> items = {{Kind::flags}, {Kind::internal_date}, {Kind::rfc822_size}};
    if (same_ignoring_case(word, "FAST")) return items;
    items.push_back({Kind::envelope});
    if (same_ignoring_case(word, "ALL")) return items;
    items.push_back({Kind::body});
    if (same_ignoring_case(word, "FULL")) return items;
    in.seek(start);
    return {};
}

void append_section(std::string& out, const Section& section) {
    out += '[';
    bool first = true;
    for (const auto number : section.part) {
        if (!std::exchange(first, false)) out += '.';
        append_number(out, number);
    }
    if (!first && section.text != Section::Text::whole) out += '.';
    switch (section.text) {
        case Section::Text::whole:
            break;
        case Section::Text::header:
            out += "HEADER";
            break;
        case Section::Text::header_fields:
            out += "HEADER.FIELDS";
            break;
        case Section::Text::header_fields_not:
            out += "HEADER.FIELDS.NOT";
            break;
        case Section::Text::text:
            out += "TEXT";
            break;
        case Section::Text::mime:
            out += "MIME";
            break;
    }
    if (!section.fields.empty()) {
        std::string_view before = " (";
        for (const auto& field : section.fields) {
            out += std::exchange(before, " ");
            append_astring(out, field, Revision::rev1);
        }
        out += ')';
    }
    out += ']';
}

void append_name(std::string& out, const FetchItem& item, bool request) {
    for (const auto& [name, kind] : plain_items) {
        if (kind != item.kind) continue;
        out += name;
        return;
    }
    for (const auto& [name, kind, peek] : section_items) {
        if (kind != item.kind || peek != (request && item.peek)) continue;
        out += name;
        append_section(out, item.section);
        return;
    }
}

}  // namespace

bool FetchItem::sets_seen() const {
    switch (kind) {
        case Kind::rfc822:
        case Kind::rfc822_text:
            return true;
        case Kind::section:
        case Kind::binary:
            return !peek;
        default:
            return false;  // BODY[HEADER] does, RFC822.HEADER does not: RFC 3501 §6.4.5
    }
}

Result<std::vector<FetchItem>> parse_fetch_items(Cursor& in) {
    if (auto macro = take_macro(in); !macro.empty()) return macro;
    std::vector<FetchItem> items;
    if (!in.take('(')) {
        items.push_back(TRY(parse_fetch_item(in)));
        return items;
    }
    size_t asked = 0;
    do {
        if (++asked > fetch_items_max) return fail(Fault::too_large, "too many FETCH items");
        FetchItem item = TRY(parse_fetch_item(in));
        // Asked twice, told once: else a line of a hundred ENVELOPEs is answered with a hundred large ones.
        if (std::ranges::find(items, item) == items.end()) items.push_back(std::move(item));
    } while (in.take(' '));
    TRY(in.expect(')'));
    return items;
}

void append_item_name(std::string& out, const FetchItem& item) {
    append_name(out, item, false);
    if (!item.partial) return;
    out += '<';
    append_number(out, item.partial->offset);
    out += '>';
}

void append_item_request(std::string& out, const FetchItem& item) {
    append_name(out, item, true);
    if (!item.partial) return;
    out += '<';
    append_number(out, item.partial->offset);
    out += '.';
    append_number(out, item.partial->octets);
    out += '>';
}

}  // namespace heliopost::imap
