#include "proto/dkim/canonical.h"

#include <doctest/doctest.h>

#include "base/assert.h"
#include "proto/dkim/covered.h"
#include "proto/dkim/tag_list.h"

namespace heliopost::dkim {
namespace {

struct Taken final : BodySink {
    void take(std::string_view octets) override {
        text += octets;
        longest = std::max(longest, octets.size());
    }
    std::string text;
    size_t longest = 0;
};

std::string body(Canonicalization how, std::string_view text, size_t piece = 1'000'000) {
    BodyCanonicalizer canonicalizer(how);
    Taken out;
    for (size_t at = 0; at < text.size(); at += piece) canonicalizer.feed(text.substr(at, piece), out);
    canonicalizer.finish(out);
    return out.text;
}

}  // namespace

TEST_CASE("canonical: the examples of RFC 6376 §3.4.5") {
    const std::string block = "A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n";
    mime::FieldReader reader(block);
    const auto a = reader.next();
    const auto b = reader.next();
    ASSERT(a.has_value() && b.has_value());
    CHECK(canonical_field(Canonicalization::relaxed, block, *a) == "a:X\r\n");
    CHECK(canonical_field(Canonicalization::relaxed, block, *b) == "b:Y Z\r\n");
    CHECK(canonical_field(Canonicalization::simple, block, *a) == "A: X\r\n");
    CHECK(canonical_field(Canonicalization::simple, block, *b) == "B : Y\t\r\n\tZ  \r\n");
    CHECK(canonical_field(Canonicalization::relaxed, "B : Y\t\r\n\tZ  \r\n") == "b:Y Z\r\n");
    CHECK(canonical_field(Canonicalization::relaxed, "B:h=from : to :\r\n  cc") == "b:h=from : to : cc\r\n");
    CHECK(canonical_field(Canonicalization::relaxed, "B: Y\n") == "b:Y\r\n");  // as FieldReader ends a line

    const std::string_view text = " C \r\nD \t E\r\n\r\n\r\n";
    CHECK(body(Canonicalization::relaxed, text) == " C\r\nD E\r\n");
    CHECK(body(Canonicalization::simple, text) == " C \r\nD \t E\r\n");
}

TEST_CASE("canonical: bodies that are empty, unfinished or odd, in pieces of every size") {
    struct Case {
        std::string_view body, simple, relaxed;
    };
    const Case cases[] = {
        {"", "\r\n", ""},
        {"\r\n", "\r\n", ""},
        {"\r\n\r\n\r\n", "\r\n", ""},
        {" \t\r\n", " \t\r\n", ""},
        {"a", "a\r\n", "a\r\n"},
        {"a \r\n \r\n", "a \r\n \r\n", "a\r\n"},
        {"\r\na", "\r\na\r\n", "\r\na\r\n"},
        {"a\rb\nc\r", "a\rb\nc\r\r\n", "a\rb\nc\r\r\n"},
        {"a \r\r\n", "a \r\r\n", "a \r\r\n"},
        {"  a\t b \r\n\r\n c", "  a\t b \r\n\r\n c\r\n", " a b\r\n\r\n c\r\n"},
        {"a b\r\nc d  e\r\n\r\nf \r\n g\r\n\n", "a b\r\nc d  e\r\n\r\nf \r\n g\r\n\n\r\n",
         "a b\r\nc d e\r\n\r\nf\r\n g\r\n\n\r\n"},
    };
    for (const Case& one : cases)
        for (const size_t piece : {1U, 2U, 3U, 100U}) {
            CAPTURE(one.body);
            CHECK(body(Canonicalization::simple, one.body, piece) == one.simple);
            CHECK(body(Canonicalization::relaxed, one.body, piece) == one.relaxed);
        }
}

TEST_CASE("canonical: what is no plain text, at every place of a long line, is as octet by octet") {
    const std::string_view odd[] = {" ",       "  ",      " \t",   "\t",       "\t ",   "\r",
                                    "\n",      "\r\n",    "\r\r",  "\r\r\n",   "\r\n ", "\r\n\t",
                                    " \r\n",   "\t\r\n",  "\r \n", "\r\n\r\n", "\xa0",  "\x0b",
                                    "\r\n \r", " \r\n x", "\r\nx", "x y\r\n"};
    constexpr size_t length = 70;  // four blocks and some
    for (const std::string_view one : odd)
        for (size_t at = 0; at <= length; ++at) {
            const std::string text = std::string(at, 'x') + std::string(one) + std::string(length - at, 'y');
            INFO(text);
            CHECK(body(Canonicalization::relaxed, text) == body(Canonicalization::relaxed, text, 1));
        }
    std::string lines = "x";
    while (lines.size() < length) lines += "\r\n";
    CHECK(body(Canonicalization::relaxed, lines) == "x\r\n");
}

TEST_CASE("canonical: a million empty lines are held as a number, and given back in pieces") {
    BodyCanonicalizer canonicalizer(Canonicalization::relaxed);
    std::string lines;
    Taken out;
    for (int i = 0; i < 1'000'000; ++i) lines += "\r\n";
    canonicalizer.feed(lines, out);
    CHECK(out.text.empty());
    canonicalizer.feed("x", out);
    CHECK(out.text == lines + "x");
    CHECK(out.longest == line_ends_octets);
}

TEST_CASE("covered header: from the last field up, b= cut out, no last line end") {
    const std::string block = "To: a\r\nFrom: b\r\nto: c\r\nX: d\r\n\r\n";
    CHECK(covered_header(block, {"to", "From", "TO", "to", "nothing"},
                         "DKIM-Signature: v=1; b=abc=\r\n def; d=x\r\n", Canonicalization::relaxed) ==
          "to:c\r\nfrom:b\r\nto:a\r\ndkim-signature:v=1; b=; d=x");
    CHECK(covered_header(block, {"from"}, "DKIM-Signature: v=1; bh=q; b=abc\r\n", Canonicalization::simple) ==
          "From: b\r\nDKIM-Signature: v=1; bh=q; b=");
}

TEST_CASE("tag lists, RFC 6376 §3.2") {
    const auto tags = TagList::parse(" v = 1 ;a=rsa-sha256;\r\n\tb= x y\r\n z ;empty=; ");
    REQUIRE(tags.has_value());
    CHECK(tags->find("v") == "1");
    CHECK(tags->find("b") == "x y\r\n z");
    CHECK(without_space("x y\r\n z") == "xyz");
    CHECK(tags->find("empty") == "");
    CHECK_FALSE(tags->find("V").has_value());
    for (const std::string_view bad : {"", ";", "a", "=1", "1a=x", "a=1;a=2", "a=1;;b=2", "a=\x01", "a b=1"})
        CHECK_FALSE(TagList::parse(bad).has_value());
    std::string many;
    for (size_t i = 0; i < tags_max; ++i) many += "t" + std::to_string(i) + "=x;";
    CHECK(TagList::parse(many).has_value());
    CHECK(TagList::parse(many + "z=x").error().fault == Fault::too_large);
    CHECK(words_of("a : b:", ':') == std::vector<std::string>{"a", "b", ""});
}

}  // namespace heliopost::dkim
