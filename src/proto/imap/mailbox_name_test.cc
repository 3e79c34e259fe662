#include "proto/imap/mailbox_name.h"

#include <doctest/doctest.h>

#include "proto/imap/limits.h"

namespace heliopost::imap {

TEST_CASE("modified UTF-7: RFC 3501 §5.1.3, both ways") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"", ""},
        {"INBOX", "INBOX"},
        {"a&b", "a&-b"},
        {"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},  // the RFC's own example
        {"Entw\xC3\xBCrfe", "Entw&APw-rfe"},
        {"\xF0\x9F\x98\x80", "&2D3eAA-"},
        {"\xE2\x82\xAC&", "&IKw-&-"},
        {"a\tb", "a&AAk-b"},
    };
    for (const auto& [utf8, utf7] : cases) {
        CAPTURE(utf7);
        CHECK(to_modified_utf7(utf8) == utf7);
        CHECK(from_modified_utf7(utf7) == std::string(utf8));
    }
}

TEST_CASE("modified UTF-7: what RFC 3501 §5.1.3 forbids is refused") {
    for (const std::string_view bad : {
             "&",
             "&AOQ",
             "&A-",
             "&AO-",
             "&AOR-",       // bits left over
             "&AOQ=-",      // padding
             "&AOQ/-",      // base64 of MIME, not of IMAP
             "&AGE-",       // "a" needs no base64
             "&AOQ-&AOQ-",  // two runs that could be one
             "&2D0-",       // half a pair
             "&3gA-",       // the other half
             "&2D3YPQ-",    // two first halves
             "\xC3\xA4",    // 8-bit
             "a\x01",
         }) {
        CAPTURE(bad);
        CHECK_FALSE(from_modified_utf7(bad).has_value());
        CHECK_FALSE(decode_mailbox_name(bad, Revision::rev1).has_value());
    }
}

TEST_CASE("mailbox name: one spelling inside (RFC 9051 §5.1)") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"inbox", "INBOX"}, {"InBox/Sub", "INBOX/Sub"}, {"Inboxes", "Inboxes"}, {"x/inbox", "x/inbox"},
        {"", ""},           {"A\xCC\x88", "\xC3\x84"},  // NFC
    };
    for (const auto& [wire, name] : cases)
        CHECK(decode_mailbox_name(wire, Revision::rev2) == std::string(name));
    CHECK(decode_mailbox_name("&AEEDCA-", Revision::rev1).has_value() == false);  // "A" in base64
    CHECK(decode_mailbox_name("A&Awg-", Revision::rev1) == std::string("\xC3\x84"));
    CHECK(decode_mailbox_name("\xFF", Revision::rev2).error().fault == Fault::not_found);
    CHECK(decode_mailbox_name(std::string(mailbox_wire_octets_max, 'a'), Revision::rev1).has_value());
    CHECK_FALSE(
        decode_mailbox_name(std::string(mailbox_wire_octets_max + 1, 'a'), Revision::rev1).has_value());
    CHECK(encode_mailbox_name("\xC3\x84", Revision::rev1) == "&AMQ-");
    CHECK(encode_mailbox_name("\xC3\x84", Revision::rev2) == "\xC3\x84");
}

TEST_CASE("mailbox name: what may be made") {
    std::string deep = "a";
    for (size_t i = 1; i < mailbox_depth_max; ++i) deep += "/a";
    const std::string part(mailbox_part_octets_max, 'a');
    for (const std::string& good : {std::string("INBOX"), std::string("a b/&~"), std::string("日本"),
                                    std::string("a\u200Db"), deep, part, std::string("...")})
        CHECK(check_mailbox_name(good).has_value());
    const std::string long_levels = part + "/" + part + "/" + part + "/" + part;
    for (const std::string& bad : {std::string(),
                                   std::string("/a"),
                                   std::string("a/"),
                                   std::string("a//b"),
                                   std::string("a\rb"),
                                   std::string("a\0b", 3),
                                   std::string("\xC2\x85"),
                                   std::string("\xE2\x80\xA8"),
                                   std::string("\x7F"),
                                   std::string("a%"),
                                   std::string("*"),
                                   std::string("#news"),
                                   std::string(".."),
                                   std::string("a/../b"),
                                   std::string("."),
                                   std::string("a\u202Eb"),
                                   std::string("\u2066a"),
                                   std::string("\uFEFFa"),
                                   std::string("a\uFDD0"),
                                   std::string("a\uFFFE"),
                                   std::string("a\U0010FFFF"),
                                   std::string("\xC3"),
                                   deep + "/a",
                                   part + "a",
                                   long_levels}) {
        CAPTURE(bad);
        CHECK_FALSE(check_mailbox_name(bad).has_value());
    }
}

}  // namespace heliopost::imap
