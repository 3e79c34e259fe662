#include "proto/mime/part.h"

#include "base/text.h"

namespace heliopost::mime {
namespace {

bool is_media(const Part& part) {
    return part.is_type("image") || part.is_type("audio") || part.is_type("video");
}

// The algorithm of RFC 8621 §4.1.4. A list that is null takes no more parts.
class BodyParser {
public:
    BodyParser(const Structure& structure, BodyParts& result) : structure_(structure), result_(result) {}

    struct Lists {
        std::vector<std::uint32_t>* text;
        std::vector<std::uint32_t>* html;
    };

    // Recursion ends: the scanner keeps nesting within Limits.
    void parse(std::span<const std::uint32_t> parts, std::string_view subtype, bool in_alternative,
               Lists to) {
        const size_t text_before = to.text == nullptr ? 0 : to.text->size();
        const size_t html_before = to.html == nullptr ? 0 : to.html->size();
        const bool alternative = same_ignoring_case(subtype, "alternative");
        for (size_t i = 0; i < parts.size(); ++i) {
            const Part& part = structure_.parts[parts[i]];
            if (part.kind == PartKind::multipart) {
                parse(part.children, part.type.subtype,
                      in_alternative || same_ignoring_case(part.type.subtype, "alternative"), to);
            } else if (!is_inline(part, i, subtype)) {
                result_.attachments.push_back(parts[i]);
            } else if (alternative) {
                add_choice(part, parts[i], to);
            } else {
                add(part, parts[i], in_alternative, to);
            }
        }
        if (alternative && to.text != nullptr && to.html != nullptr) share(to, text_before, html_before);
    }

private:
    static bool is_inline(const Part& part, size_t at, std::string_view subtype) {
        if (same_ignoring_case(part.disposition.type, "attachment")) return false;
        if (!part.is("text", "plain") && !part.is("text", "html") && !is_media(part)) return false;
        if (at == 0) return true;
        return !same_ignoring_case(subtype, "related") && (is_media(part) || !file_name(part));
    }

    void add_choice(const Part& part, std::uint32_t index, Lists to) {
        if (part.is("text", "plain")) {
            if (to.text != nullptr) to.text->push_back(index);
        } else if (part.is("text", "html")) {
            if (to.html != nullptr) to.html->push_back(index);
        } else {
            result_.attachments.push_back(index);
        }
    }

    void add(const Part& part, std::uint32_t index, bool in_alternative, Lists& to) {
        if (in_alternative) {
            if (part.is("text", "plain")) to.html = nullptr;
            if (part.is("text", "html")) to.text = nullptr;
        }
        if (to.text != nullptr) to.text->push_back(index);
        if (to.html != nullptr) to.html->push_back(index);
        if ((to.text == nullptr || to.html == nullptr) && is_media(part))
            result_.attachments.push_back(index);
    }

    // Only one of the two was found: it serves as both.
    static void share(Lists to, size_t text_before, size_t html_before) {
        const bool text_new = to.text->size() != text_before;
        const bool html_new = to.html->size() != html_before;
        if (html_new && !text_new)
            to.text->insert(to.text->end(), to.html->begin() + static_cast<std::ptrdiff_t>(html_before),
                            to.html->end());
        if (text_new && !html_new)
            to.html->insert(to.html->end(), to.text->begin() + static_cast<std::ptrdiff_t>(text_before),
                            to.text->end());
    }

    const Structure& structure_;
    BodyParts& result_;
};

}  // namespace

bool Part::is(std::string_view type_name, std::string_view subtype_name) const {
    return same_ignoring_case(type.type, type_name) && same_ignoring_case(type.subtype, subtype_name);
}

bool Part::is_type(std::string_view type_name) const {
    return same_ignoring_case(type.type, type_name);
}

const Part* find_part(const Structure& structure, std::span<const std::uint32_t> path) {
    if (structure.parts.empty()) return nullptr;
    const Part* part = structure.parts.data();
    bool numbered = false;  // whether part has a number of its own; a message's content that is not
                            // multipart gets the number 1
    for (const std::uint32_t number : path) {
        if (numbered && part->kind == PartKind::message) {
            part = &structure.parts[part->children.front()];
            numbered = false;
        }
        if (part->kind == PartKind::multipart) {
            if (number == 0 || number > part->children.size()) return nullptr;
            part = &structure.parts[part->children[number - 1]];
        } else if (numbered || number != 1) {
            return nullptr;
        }
        numbered = true;
    }
    return part;
}

std::optional<std::string> file_name(const Part& part) {
    if (auto name = find_parameter(part.disposition.parameters, "filename")) return name;
    return find_parameter(part.type.parameters, "name");
}

BodyParts body_parts(const Structure& structure, std::uint32_t root) {
    BodyParts result;
    if (root < structure.parts.size())
        BodyParser(structure, result)
            .parse(std::span(&root, 1), "mixed", false, {&result.text, &result.html});
    return result;
}

}  // namespace heliopost::mime
