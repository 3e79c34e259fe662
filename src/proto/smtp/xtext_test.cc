#include "proto/smtp/xtext.h"

#include <doctest/doctest.h>

namespace heliopost::smtp {

TEST_CASE("xtext: RFC 3461 §4") {
    CHECK(to_xtext("a+b=c d") == "a+2Bb+3Dc+20d");
    CHECK(from_xtext("a+2Bb+3Dc+20d").value() == "a+b=c d");
    CHECK(from_xtext("+2b").value() == "+");
    std::string all;
    for (int n = 0; n < 256; ++n) all += static_cast<char>(n);
    CHECK(from_xtext(to_xtext(all)).value() == all);
    for (const std::string_view bad : {"+", "+2", "+2G", "a=b", "a b", "\x80", "a+\r\n"})
        CHECK_FALSE(from_xtext(bad).has_value());
}

TEST_CASE("utf-8-addr-xtext: RFC 6533 §3") {
    CHECK(to_utf8_addr_xtext("b\xC3\xB6+\\=@b.example") == "b\\x{F6}\\x{2B}\\x{5C}\\x{3D}@b.example");
    const std::string_view text =
        "\x01\x7F \xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
    CHECK(from_utf8_addr(to_utf8_addr_xtext(text)).value() == text);
    CHECK(from_utf8_addr("b\xC3\xB6@b.example").value() == "b\xC3\xB6@b.example");
    for (const std::string_view bad : {"\\", "\\x", "\\x{}", "\\x{A}", "\\x{D800}", "\\x{110000}",
                                       "\\x{1000000}", "\\x{AG}", "\\x{41", "a+b", "a=b", "a b", "\xFF"})
        CHECK_FALSE(from_utf8_addr(bad).has_value());
}

}  // namespace heliopost::smtp
