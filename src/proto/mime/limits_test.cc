// What goes past a limit of this folder that no other test names.
#include <doctest/doctest.h>

#include <string>

#include "proto/mime/charset.h"
#include "proto/mime/compose.h"
#include "proto/mime/encoded_word.h"
#include "proto/mime/preview.h"
#include "proto/mime/scanner.h"
#include "proto/mime/transfer.h"

namespace heliopost::mime {

TEST_CASE("limits: names of charsets, and what one conversion makes") {
    const std::string latin1 = "\xFC";
    CHECK(to_utf8(std::string(41, 'x'), latin1) == "\xC3\xBC");  // charset_name_octets_max: it is guessed
    CHECK(is_known_charset("iso--8859-1"));
    CHECK_FALSE(is_known_charset("iso" + std::string(40, '-') + "8859-1"));
    const std::string word = "=?" + std::string(62, 'x') + "?q?a?=";  // charset_octets_max
    CHECK(decode_words(word) == word);
    CHECK(decode_words("=?" + std::string(61, 'x') + "?q?a?=") == "a");
    const std::string large(converted_octets_max / 2 + 1'000, '\xFC');
    CHECK(to_utf8("iso-8859-1", large).size() == converted_octets_max);
}

TEST_CASE("limits: of a preview") {
    const std::string words = preview(std::string(2 * preview_characters_max, 'x'), TextFormat::plain);
    CHECK(words.size() == preview_characters_max);
    CHECK(preview(std::string(preview_source_octets_max - 1, ' ') + "x", TextFormat::plain) == "x");
    CHECK(preview(std::string(preview_source_octets_max, ' ') + "x", TextFormat::plain).empty());
    CHECK(preview("&#000000000065;", TextFormat::html) == "&#000000000065;");  // entity_octets_max
    CHECK(preview("&#00000065;", TextFormat::html) == "A");
}

TEST_CASE("limits: of one field and of all parameters together") {
    std::string languages = "Content-Language: ";
    for (int i = 0; i < 200; ++i) languages += "en, ";
    CHECK(scan(languages + "\n\n").parts[0].language.size() == 64);  // languages_max

    // field_name_octets_max: no name that is kept is longer, so that one is a field of no interest
    const Structure named = scan(std::string(10'000, 'S') + ": a\nSubject: b\n\n");
    CHECK(named.envelopes[0].subject == "b");

    Limits limits;
    limits.parameters_in_message = 100;
    std::string message = "Content-Type: multipart/mixed; boundary=b\n\n";
    for (int i = 0; i < 10; ++i) {
        message += "--b\nContent-Type: a/b";
        for (int p = 0; p < 30; ++p) message += ";p" + std::to_string(p) + "=1";
        message += "\n\n";
    }
    const Structure structure = scan(message, limits);
    size_t parameters = 0;
    for (const Part& part : structure.parts) parameters += part.type.parameters.size();
    CHECK(parameters == limits.parameters_in_message);
    CHECK(structure.over_limit);
    CHECK(structure.parts.size() == 11);
}

TEST_CASE("limits: white space that quoted-printable holds back, and lines that we write") {
    // pending_octets_max: what is held back for the line's end is given out past it, and none is lost
    const std::string blanks(5'000, ' ');
    CHECK(decode_transfer(TransferEncoding::quoted_printable, "a" + blanks + "b") == "a" + blanks + "b");
    CHECK(decode_transfer(TransferEncoding::quoted_printable, "a" + blanks + "\r\n").size() <= 5'000);
    for (size_t octets = 70; octets < 160; ++octets) {
        const std::string encoded = encode_quoted_printable(std::string(octets, 'x'));
        CHECK(encoded.substr(0, encoded.find("\r\n")).size() <= 76);  // quoted_line_max
    }
    for (size_t octets = 60; octets < 90; ++octets) {
        const std::string encoded = encode_words(std::string(octets, '\xC3') + "\xBC");
        for (size_t at = 0; at < encoded.size();) {
            const size_t end = std::min(encoded.find(' ', at), encoded.size());
            CHECK(end - at <= 75);  // word_octets_max
            at = end + 1;
        }
    }
    Composer out;
    out.structured_field("X", std::string(10'000, 'x'));  // line_octets_max
    const std::string& text = out.text();
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find("\r\n", at);
        REQUIRE(end != std::string::npos);
        CHECK(end - at <= 998);
        at = end + 2;
    }
}

}  // namespace heliopost::mime
