#include "proto/smtp/address.h"

#include <doctest/doctest.h>

#include <string>

#include "proto/smtp/path.h"

namespace heliopost::smtp {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string shown(const Result<Address>& got) {
    return got ? got->local_part + "|" + got->domain : "";
}

}  // namespace

TEST_CASE("address: RFC 5321 §4.1.2") {
    struct Case {
        std::string text;
        std::string want;     // "local|domain", or "" for a syntax error
        std::string printed;  // where it differs from the text
    };
    const Case cases[] = {
        {"ann@a.example", "ann|a.example", ""},
        {"Ann.B+news@A.Example", "Ann.B+news|A.Example", ""},  // case kept
        {"!#$%&'*+-/=?^_`{|}~@a.example", "!#$%&'*+-/=?^_`{|}~|a.example", ""},
        {"\"ann b\"@a.example", "ann b|a.example", ""},
        {"\"ann\"@a.example", "ann|a.example", "ann@a.example"},  // quoted without need
        {"\"a\\\"b\\\\c\"@a.example", "a\"b\\c|a.example", ""},
        {"\"a@b\"@a.example", "a@b|a.example", ""},
        {"\"a..b\"@a.example", "a..b|a.example", ""},
        {"\"\"@a.example", "|a.example", ""},
        {"\"\\a\"@a.example", "a|a.example", "a@a.example"},
        {"user%b.example@a.example", "user%b.example|a.example", ""},  // no meaning of ours
        {"b.example!user@a.example", "b.example!user|a.example", ""},
        {"ann@[192.0.2.1]", "ann|[192.0.2.1]", ""},
        {"ann@[IPv6:2001:db8::1]", "ann|[IPv6:2001:db8::1]", ""},
        {"ann@[ipv6:::ffff:192.0.2.1]", "ann|[ipv6:::ffff:192.0.2.1]", ""},
        {"ann@a_b.example", "ann|a_b.example", ""},
        {"ann@localhost", "ann|localhost", ""},
        {"j\xC3\xBCrgen@m\xC3\xBCller.example", "j\xC3\xBCrgen|m\xC3\xBCller.example", ""},
        {"\"j \xC3\xBC\"@a.example", "j \xC3\xBC|a.example", ""},
        {std::string(255, 'x') + "@a.example", std::string(255, 'x') + "|a.example", ""},
        {std::string(256, 'x') + "@a.example", "", ""},
        {"a@" + std::string(63, 'x') + ".example", "a|" + std::string(63, 'x') + ".example", ""},
        {"a@" + std::string(64, 'x') + ".example", "", ""},
        {"", "", ""},
        {"ann", "", ""},
        {"ann@", "", ""},
        {"@a.example", "", ""},
        {"ann@@a.example", "", ""},
        {"ann@b@a.example", "", ""},
        {"a..b@a.example", "", ""},
        {".a@a.example", "", ""},
        {"a.@a.example", "", ""},
        {"ann b@a.example", "", ""},
        {"ann(x)@a.example", "", ""},
        {"ann@a..example", "", ""},
        {"ann@a.example.", "", ""},
        {"ann@-a.example", "", ""},
        {"ann@a-.example", "", ""},
        {"ann@a.example ", "", ""},
        {"ann@a.example\r", "", ""},
        {"ann@a.example\0x"s, "", ""},
        {"a\0n@a.example"s, "", ""},
        {"\"a\0n\"@a.example"s, "", ""},
        {"\"a\\\0n\"@a.example"s, "", ""},
        {"\"a\nn\"@a.example", "", ""},
        {"\"ann@a.example", "", ""},
        {"\"ann\"b@a.example", "", ""},
        {"ann@[192.0.2]", "", ""},
        {"ann@[192.0.2.1", "", ""},
        {"ann@[192.0.2.256]", "", ""},
        {"ann@[192.0.2.1\0x]"s, "", ""},
        {"ann@[2001:db8::1]", "", ""},
        {"ann@[IPv6:192.0.2.1]", "", ""},
        {"ann@[tag:content]", "", ""},
        {"ann@[]", "", ""},
        {"j\xFCrgen@a.example", "", ""},   // Latin-1
        {"j\xC2\x85n@a.example", "", ""},  // a control beyond ASCII
        {"ann@a\xC2\x9F.example", "", ""},
        {"ann@a\xC0\xAE.example", "", ""},  // overlong dot
    };
    for (const auto& [text, want, printed] : cases) {
        CAPTURE(text);
        const auto got = parse_address(text);
        CHECK(shown(got) == want);
        if (got) CHECK(to_string(*got) == (printed.empty() ? text : printed));
        if (got) CHECK(shown(parse_address(to_string(*got))) == want);
    }
    std::string long_domain = "a@";
    while (long_domain.size() < 2 + 255) long_domain += "abcd.";
    CHECK_FALSE(parse_address(long_domain + "x").has_value());
}

TEST_CASE("path: reverse and forward, RFC 5321 §4.1.2, §4.1.1.3") {
    struct Case {
        std::string text;
        std::string reverse;
        std::string forward;
    };
    const Case cases[] = {
        {"<ann@a.example>", "ann|a.example", "ann|a.example"},
        {"<>", "|", ""},
        {"<postmaster>", "", "postmaster|"},
        {"<PostMaster>", "", "PostMaster|"},
        {"<postmasters>", "", ""},
        {"<@relay.example:ann@a.example>", "ann|a.example", "ann|a.example"},  // the route is forgotten
        {"<@r.example,@[IPv6:::1],@[192.0.2.1]:ann@a.example>", "ann|a.example", "ann|a.example"},
        {"<@r.example,ann@a.example>", "", ""},
        {"<@r.example:>", "", ""},
        {"<@:ann@a.example>", "", ""},
        {"ann@a.example", "", ""},  // RFC 5321 §3.3: the brackets are required
        {"<ann@a.example", "", ""},
        {"<<ann@a.example>>", "", ""},
        {"< ann@a.example>", "", ""},
        {"<ann>", "", ""},
        {"<\"a>b\"@a.example>", "a>b|a.example", "a>b|a.example"},
        {"<\"\"@a.example>", "", ""},  // nobody can be written to there
        {"<x@\xE2\x80\xA8.example>", "", ""},
        {"<@" + std::string(1'100, 'x') + ":ann@a.example>", "", ""},
    };
    for (const auto& [text, reverse, forward] : cases) {
        CAPTURE(text);
        Cursor first(text);
        CHECK(shown(parse_reverse_path(first)) == reverse);
        Cursor second(text);
        CHECK(shown(parse_forward_path(second)) == forward);
    }
    CHECK(to_path({}) == "<>");
    CHECK(to_path({"postmaster", ""}) == "<postmaster>");
}

TEST_CASE("path: every truncation is a syntax error, never a crash") {
    const std::string whole = "<@r.example,@[192.0.2.1]:\"a\\\" b\"@[IPv6:2001:db8::1]>";
    for (size_t length = 0; length < whole.size(); ++length) {
        Cursor in(std::string_view(whole).substr(0, length));
        CHECK_FALSE(parse_reverse_path(in).has_value());
    }
    Cursor in(whole);
    CHECK(parse_reverse_path(in).has_value());
}

TEST_CASE("domain: one spelling, UTS #46") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"A.Example", "a.example"},
        {"a.example.", "a.example"},
        {"M\xC3\x9CLLER.example", "xn--mller-kva.example"},
        {"stra\xC3\x9F"
         "e.example",
         "xn--strae-oqa.example"},                                    // non-transitional
        {"m\x75\xCC\x88ller.example", "xn--mller-kva.example"},       // decomposed
        {"\xE4\xBE\x8B\xE3\x80\x82\xE4\xBE\x8B", "xn--fsq.xn--fsq"},  // ideographic full stop
        {"[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]"},
        {"", ""},
        {".", ""},
        {"a..b", ""},
        {"a b", ""},
        {"a\0b"sv, ""},
        {"\xFF", ""},
        {"\xEF\xBC\xA0.example", ""},  // fullwidth "@"
        {"[1.2.3]", ""},
    };
    for (const auto& [domain, want] : cases) {
        CAPTURE(domain);
        CHECK(normalise_domain(domain).value_or("") == want);
    }
    CHECK(domain_for_display("xn--mller-kva.example") == "m\xC3\xBCller.example");
    CHECK(domain_for_display("a.example") == "a.example");
}

}  // namespace heliopost::smtp
