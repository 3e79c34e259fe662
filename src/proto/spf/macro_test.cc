#include "proto/spf/macro.h"

#include <doctest/doctest.h>

#include "base/assert.h"

namespace heliopost::spf {
namespace {

// The values of RFC 7208 §7.4.
MacroValues example() {
    MacroValues values;
    values.local_part = "strong-bad";
    values.sender_domain = values.domain = "email.example.com";
    values.client = values.readable_client = "192.0.2.3";
    values.validated_name = "mx.example.org";
    values.helo = "h.example.org";
    values.receiver = "mx.receiver.example";
    values.seconds = 1'700'000'000;
    return values;
}

std::string expand(std::string_view text) {
    const auto parsed = parse_explanation(text);
    return parsed ? parsed->expand(example()) : "! " + parsed.error().text;
}

}  // namespace

TEST_CASE("macro: the examples of RFC 7208 §7.4") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"%{s}", "strong-bad@email.example.com"},
        {"%{o}", "email.example.com"},
        {"%{d}", "email.example.com"},
        {"%{d4}", "email.example.com"},
        {"%{d2}", "example.com"},
        {"%{d1}", "com"},
        {"%{dr}", "com.example.email"},
        {"%{d2r}", "example.email"},
        {"%{l}", "strong-bad"},
        {"%{l-}", "strong.bad"},
        {"%{lr}", "strong-bad"},
        {"%{lr-}", "bad.strong"},
        {"%{l1r-}", "strong"},
        {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
        {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
        {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
        {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
        {"%{c} %{r} %{t} %{h} %{p}%%%_%-",
         "192.0.2.3 mx.receiver.example 1700000000 h.example.org mx.example.org% %20"},
        {"%{L}", "strong-bad"},
        {"%{S}", "strong-bad%40email.example.com"},
        {"%{d999999999999999999999}", "email.example.com"},  // macro_labels_max
    };
    for (const auto& [text, expanded] : cases) {
        CAPTURE(text);
        CHECK(expand(text) == expanded);
    }
    MacroValues six = example();
    six.ipv6 = true;
    CHECK(parse_macro_string("%{v}").value().expand(six) == "ip6");
}

TEST_CASE("macro: what is none is refused, RFC 7208 §7.1") {
    for (const std::string_view bad :
         {"%", "%a", "%{", "%{d", "%{d0}", "%{x}", "%{dr1}", "%{d(}", "%(d)", "\x80", "a b"})
        CHECK_FALSE(parse_macro_string(bad).has_value());
    for (const std::string_view only_explained : {"%{c}", "%{R}", "%{t}"}) {
        CHECK_FALSE(parse_macro_string(only_explained).has_value());
        CHECK(parse_explanation(only_explained).has_value());
    }
}

TEST_CASE("macro: a domain ends in a top label or a macro, RFC 7208 §7.1") {
    for (const std::string_view good :
         {"a.example", "a.example.", "%{d}", "x%{d}", "a.ex-ample", "a.b1", "%{d}.com"})
        CHECK_MESSAGE(parse_domain_spec(good).has_value(), std::string(good));
    for (const std::string_view bad :
         {"", "a", "a.", "a.1", "a.-b", "a.b-", "a..", "%%", "a.%%", "%{d}x", "a.com:25"})
        CHECK_MESSAGE(!parse_domain_spec(bad).has_value(), std::string(bad));
}

TEST_CASE("macro: a domain that is too long loses labels from the left, RFC 7208 §7.3") {
    MacroValues values = example();
    values.local_part = std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + "." +
                        std::string(60, 'd');
    const auto name = parse_domain_spec("%{l}.example.com").value();
    CHECK(name.expand_domain(values) ==
          std::string(60, 'b') + "." + std::string(60, 'c') + "." + std::string(60, 'd') + ".example.com");
    values.local_part = std::string(300, 'a');  // past name_octets_max
    CHECK(parse_domain_spec("%{l}").value().expand_domain(values).size() ==
          300);  // nothing to drop: no name at all
}

}  // namespace heliopost::spf
