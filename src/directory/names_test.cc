#include "directory/names.h"

#include <doctest/doctest.h>

#include "proto/smtp/address.h"

namespace heliopost::directory {

TEST_CASE("names: one spelling for every way to write an address") {
    struct Case {
        std::string_view text;
        std::string_view want;  // Name::key(), or "" for refused
    };
    const std::string long_local(smtp::local_part_octets_max + 1, 'a');
    const std::string long_address = long_local + "@a.example";
    const Case cases[] = {
        {"Ann@A.Example", "ann@a.example"},
        {"ann@a.example.", ""},  // a path has no final dot
        {"ÄNNE@Bücher.example", "änne@xn--bcher-kva.example"},
        {"a\xcc\x88nne@a.example", "änne@a.example"},  // decomposed
        {"\"ann\"@a.example", "ann@a.example"},        // RFC 5321 §4.1.2: the same mailbox
        {"\"a b\"@a.example", "a b@a.example"},
        {"ann", ""},
        {"@a.example", ""},
        {"ann@", ""},
        {"", ""},
        {"ann@a..example", ""},
        {"ann@a.example\r\nRCPT", ""},
        {"an\xffn@a.example", ""},
        {long_address, ""},
    };
    for (const auto& [text, want] : cases) {
        CAPTURE(text);
        const auto name = parse_name(text);
        CHECK((name ? name->key() : "") == want);
    }
}

TEST_CASE("names: only what needs no quotes can be given out") {
    for (const std::string_view good : {"ann@a.example", "a.b+c@a.example", "änne@a.example", "%u@a.example"})
        CHECK(parse_new_name(good).has_value());
    for (const std::string_view bad : {"\"a b\"@a.example", "\"a@b\"@a.example", "\"../etc\\\\\"@a.example",
                                       "ann@[192.0.2.1]", "\".ann\"@a.example", "\"\"@a.example"})
        CHECK_FALSE(parse_new_name(bad).has_value());
    CHECK_FALSE(parse_domain("[192.0.2.1]").has_value());
    CHECK_FALSE(parse_domain("").has_value());
    CHECK(parse_domain("BÜCHER.example").value_or("") == "xn--bcher-kva.example");
}

TEST_CASE("names: folding twice changes nothing") {
    for (const std::string_view text : {"İSTANBUL", "ΌΔΟΣ", "Å", "ﬀ", "ẞ", "K", "ǅ"}) {
        CAPTURE(text);
        const std::string once = fold_local_part(text).value();
        CHECK(fold_local_part(once).value() == once);
    }
}

TEST_CASE("names: a folded name that grew past the limit is refused") {
    std::string local;
    for (int i = 0; i < 100; ++i) local += "İ";  // 2 octets each, 3 when lowered
    CHECK_FALSE(fold_local_part(local).has_value());
}

TEST_CASE("names: targets keep a foreign local part as it is") {
    CHECK(normalise_target("Ann.B@B.Example").value_or("") == "Ann.B@b.example");
    CHECK(normalise_target("\"a b\"@b.example").value_or("") == "\"a b\"@b.example");
    CHECK_FALSE(normalise_target("|/bin/sh").has_value());
    CHECK_FALSE(normalise_target("/var/mail/x").has_value());
}

}  // namespace heliopost::directory
