#include "proto/spf/record.h"

#include <doctest/doctest.h>

#include "base/assert.h"

namespace heliopost::spf {

TEST_CASE("spf record: terms, RFC 7208 §4.6.1") {
    const auto record = parse_record(
        "v=spf1 a mx:mail.example/24//64 -ip4:192.0.2.0/24 ~ip6:2001:db8::/32 ?include:b.example ptr "
        "exists:%{i}.x.example A/8 redirect=_spf.example exp=why.example moo=%{d} +ALL  ");
    REQUIRE(record.has_value());
    const auto& terms = record->mechanisms;
    ASSERT(terms.size() == 9);
    CHECK(terms[0].kind == MechanismKind::a);
    CHECK(terms[0].domain.empty());
    CHECK(terms[1].kind == MechanismKind::mx);
    CHECK(terms[1].prefix4 == 24);
    CHECK(terms[1].prefix6 == 64);
    CHECK(terms[2].qualifier == Qualifier::fail);
    CHECK(terms[2].network[0] == 192);
    CHECK(terms[3].qualifier == Qualifier::soft_fail);
    CHECK(terms[3].prefix6 == 32);
    CHECK(terms[4].qualifier == Qualifier::neutral);
    CHECK(terms[7].prefix4 == 8);
    CHECK(terms[8].kind == MechanismKind::all);
    CHECK(terms[8].text == "+ALL");
    CHECK(record->redirect.has_value());
    CHECK(record->explanation.has_value());
}

TEST_CASE("spf record: a domain may hold slashes of its own") {
    const auto record = parse_record("v=spf1 a:foo:bar/baz.example.com mx:a/b.example/24");
    REQUIRE(record.has_value());
    CHECK(record->mechanisms.at(0).domain.expand({}) == "foo:bar/baz.example.com");
    CHECK(record->mechanisms.at(1).domain.expand({}) == "a/b.example");
    CHECK(record->mechanisms.at(1).prefix4 == 24);
}

TEST_CASE("spf record: any error makes it none, RFC 7208 §4.6") {
    for (const std::string_view bad : {"",
                                       "v=spf10 all",
                                       "v=spf2",
                                       "v=spf1 foo",
                                       "v=spf1 all:x.example",
                                       "v=spf1 all/8",
                                       "v=spf1 a/33",
                                       "v=spf1 a/",
                                       "v=spf1 a//129",
                                       "v=spf1 a//",
                                       "v=spf1 a/24/",
                                       "v=spf1 a/024",
                                       "v=spf1 a:",
                                       "v=spf1 ip4",
                                       "v=spf1 ip4:192.0.2",
                                       "v=spf1 ip4:192.0.2.1/",
                                       "v=spf1 ip4:192.0.2.1/33",
                                       "v=spf1 ip6:192.0.2.1",
                                       "v=spf1 ip6:::/129",
                                       "v=spf1 include",
                                       "v=spf1 include:",
                                       "v=spf1 exists",
                                       "v=spf1 ptr:",
                                       "v=spf1 ptr/8",
                                       "v=spf1 ++all",
                                       "v=spf1 -",
                                       "v=spf1 redirect=a.example redirect=b.example",
                                       "v=spf1 exp=",
                                       "v=spf1 =x",
                                       "v=spf1 1a=x",
                                       "v=spf1 x=%",
                                       "v=spf1 a:\x80.example"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_record(bad).has_value());
    }
    CHECK(parse_record("V=SPF1").has_value());
    // What a stranger wrote comes back printable and short.
    const auto shown = parse_record("v=spf1 \x1b[2J" + std::string(500, '\x90'));
    REQUIRE_FALSE(shown.has_value());
    CHECK(is_ascii_text(shown.error().text));
    CHECK(shown.error().text.size() < 150);  // shown_octets_max of the term
}

TEST_CASE("spf record: as many terms and octets as allowed, and one more") {
    std::string text = "v=spf1";
    for (size_t i = 0; i < terms_max; ++i) text += " all";
    CHECK(parse_record(text).has_value());
    CHECK(parse_record(text + " all").error().fault == Fault::too_large);
    CHECK(parse_record("v=spf1" + std::string(record_octets_max - 6, ' ')).has_value());
    CHECK(parse_record("v=spf1" + std::string(record_octets_max - 5, ' ')).error().fault == Fault::too_large);
}

TEST_CASE("spf record: networks by their first bits") {
    const std::uint8_t a[] = {192, 0, 2, 255}, b[] = {192, 0, 3, 255};
    CHECK(same_network(a, b, 0));
    CHECK(same_network(a, b, 23));
    CHECK_FALSE(same_network(a, b, 24));
    CHECK(same_network(a, a, 32));
}

}  // namespace heliopost::spf
