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
    values.local_part = std::string(300, 'a');                                    // past name_octets_max
    CHECK(parse_domain_spec("%{l}").value().expand_domain(values).size() > 253);  // nothing to drop: no name
    // The last label alone is too long: no name either, and no empty label before it.
    const std::string label(254, 'x');
    CHECK(parse_domain_spec("a." + label).value().expand_domain(values) == label);
}

namespace {

// The same by the words of §7.3, whole and label by label.
std::string dropped_one_by_one(std::string name) {
    if (name.ends_with('.')) name.pop_back();
    while (name.size() > 253 && name.contains('.')) name.erase(0, name.find('.') + 1);
    return name;
}

}  // namespace

TEST_CASE("macro: the end of a domain is the domain, wherever the dots are") {
    MacroValues values = example();
    for (const size_t label : {1U, 2U, 3U, 50U, 63U, 120U, 251U, 252U, 253U, 254U, 255U})
        for (const std::string_view end : {"%{h}", "%{h}.", "x.example", "x.example.", "%{l}%{h}", ".%{d}"})
            for (const size_t parts : {1U, 2U, 5U, 100U}) {
                values.local_part = std::string(label, 'a');
                std::string text, whole;
                for (size_t i = 0; i < parts; ++i) {
                    text += "%{l}.";
                    whole += values.local_part + '.';
                }
                text += end;
                CAPTURE(text);
                const auto parsed = parse_macro_string(text);
                REQUIRE(parsed.has_value());
                whole += parse_macro_string(end).value().expand(values);
                const std::string want = dropped_one_by_one(whole);
                const std::string got = parsed->expand_domain(values);
                CHECK(got.size() <= 255);
                if (want.size() <= 253)
                    CHECK(got == want);
                else
                    CHECK(got.size() > 253);  // neither is a name
            }
}

TEST_CASE("macro: no more parts than macro_parts_max, no longer text than expansion_octets_max") {
    MacroValues values = example();
    values.local_part = std::string(64, 'a');
    const auto repeated = [](size_t times) {
        std::string text;
        while (times-- > 0) text += "%{s}";
        return text;
    };
    CHECK_FALSE(parse_domain_spec(repeated(macro_parts_max + 1)).has_value());
    CHECK_FALSE(parse_explanation(repeated(15'000)).has_value());
    const auto most = parse_explanation(repeated(macro_parts_max)).value();
    CHECK(most.expand(values).size() == expansion_octets_max);
    CHECK(parse_explanation(std::string(60'000, 'x')).value().expand(values).size() == expansion_octets_max);
    CHECK(most.expand_domain(values).size() <= 253);
}

}  // namespace heliopost::spf
