// mime4j's messages and the events its parser gives for them: the nesting of messages, multiparts and bodies.
#include <doctest/doctest.h>

#include <filesystem>
#include <iterator>
#include <set>
#include <string>

#include "proto/mime/scanner.h"
#include "proto/mime/test_vectors.h"
#include "proto/mime/transfer.h"

namespace heliopost::mime {
namespace {

namespace fs = std::filesystem;

// The tags that stand alone at a line's start, but for fields, headers and what surrounds the parts. Text in
// them has its "<" escaped.
std::string skeleton_of_xml(std::string_view xml) {
    std::string out;
    for (size_t at = xml.find('<'); at != std::string_view::npos; at = xml.find('<', at + 1)) {
        const auto tag = xml.substr(at, xml.find('>', at) - at + 1);
        if (tag == "<message>") out += "message{";
        if (tag == "<multipart>") out += "multipart{";
        if (tag == "<body-part>") out += "part{";
        if (tag == "<body>") out += "body";
        if (tag == "</message>" || tag == "</multipart>" || tag == "</body-part>") out += "}";
    }
    return out;
}

void show_content(const Structure& structure, const Part& part, std::string& out);

void show_message(const Structure& structure, const Part& part, std::string& out) {
    out += "message{";
    show_content(structure, part, out);
    out += "}";
}

void show_content(const Structure& structure, const Part& part, std::string& out) {
    if (part.kind == PartKind::leaf) out += "body";
    if (part.kind == PartKind::message) show_message(structure, structure.parts[part.children[0]], out);
    if (part.kind == PartKind::multipart) {
        out += "multipart{";
        for (const auto child : part.children) {
            out += "part{";
            show_content(structure, structure.parts[child], out);
            out += "}";
        }
        out += "}";
    }
}

// Deliberate differences: docs/mime-differences.md.
const std::set<std::string> mime4j_known = {
    "missing-inner-start-boundary",        // a multipart without parts is text
    "multipartnopart",                     // the same
    "bad-newlines-multiple-parts-base64",  // a message in base64 is an attachment
    "multi-2gifs-base64",                  // the same
};

}  // namespace

TEST_CASE("mime4j: every message has its structure, or differs as docs/mime-differences.md says") {
    if (!fs::exists(mime4j_vectors)) {
        MESSAGE("skipped: no " << mime4j_vectors.string());
        return;
    }
    size_t count = 0;
    for (const char* folder : {"testmsgs", "mimetools-testmsgs"}) {
        for (const auto& entry : fs::directory_iterator(mime4j_vectors / folder)) {
            if (entry.path().extension() != ".msg") continue;
            fs::path xml = entry.path();
            xml.replace_extension(".xml");
            if (!fs::exists(xml)) continue;
            ++count;
            const std::string name = entry.path().stem().string();
            CAPTURE(name);
            const Structure structure = scan(read_vector(entry.path()));
            std::string have;
            show_message(structure, structure.parts[0], have);
            if (mime4j_known.contains(name)) {
                CHECK(have != skeleton_of_xml(read_vector(xml)));
            } else {
                CHECK(have == skeleton_of_xml(read_vector(xml)));
            }
        }
    }
    CHECK(count == 53);
}

}  // namespace heliopost::mime
