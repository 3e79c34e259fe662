#include <doctest/doctest.h>

#include <string>

#include "proto/imap/fetch_item.h"
#include "proto/imap/flag.h"
#include "proto/imap/search_key.h"

namespace heliopost::imap {

TEST_CASE("search key: printed form of every key (RFC 9051 §6.4.4), read back to the same tree") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"ALL", "ALL"},
        {"old", "ALL"},
        {"NEW", "RECENT"},
        {"RECENT", "RECENT"},
        {"ANSWERED", "ANSWERED"},
        {"UNdeleted", "UNDELETED"},
        {"DRAFT UNDRAFT FLAGGED UNFLAGGED", "(DRAFT UNDRAFT FLAGGED UNFLAGGED)"},
        {"SEEN UNSEEN DELETED UNANSWERED", "(SEEN UNSEEN DELETED UNANSWERED)"},
        {"KEYWORD $Junk UNKEYWORD x", "(KEYWORD $Junk UNKEYWORD x)"},
        {"1,3:*", "1,3:*"},
        {"$", "$"},
        {"UID 4", "UID 4"},
        {"BEFORE 1-Feb-1994 ON \"2-Feb-1994\" SINCE 03-Feb-1994",
         "(BEFORE 1-Feb-1994 ON 2-Feb-1994 SINCE 3-Feb-1994)"},
        {"SENTBEFORE 1-Feb-1994 SENTON 1-Feb-1994 SENTSINCE 1-Feb-1994",
         "(SENTBEFORE 1-Feb-1994 SENTON 1-Feb-1994 SENTSINCE 1-Feb-1994)"},
        {"LARGER 5 SMALLER 9223372036854775807", "(LARGER 5 SMALLER 9223372036854775807)"},
        {"FROM \"Sm ith\" TO a CC b BCC c", "(HEADER FROM \"Sm ith\" HEADER TO a HEADER CC b HEADER BCC c)"},
        {"SUBJECT {3}\r\na\nb", "HEADER SUBJECT {3}\r\na\nb"},
        {"HEADER Message-ID \"\"", "HEADER Message-ID \"\""},
        {"BODY x TEXT NIL", "(BODY x TEXT \"NIL\")"},
        {"MODSEQ 0", "MODSEQ 0"},
        {"MODSEQ \"/flags/\\\\draft\" priv 7", "MODSEQ 7"},
        {"NOT SEEN", "NOT SEEN"},
        {"OR NOT 1 (2 3)", "OR NOT 1 (2 3)"},
        {"((SEEN))", "SEEN"},
    };
    for (const auto& [text, printed] : cases) {
        CAPTURE(text);
        Cursor in(text);
        const auto key = parse_search_keys(in);
        REQUIRE(key.has_value());
        CHECK(in.done());
        std::string out;
        append_search_key(out, *key);
        CHECK(out == printed);
        Cursor again(out);
        CHECK(parse_search_keys(again).value() == *key);
    }
    Cursor in("OR SEEN NOT (UNSEEN MODSEQ 7)");
    CHECK(asks_mod_sequence(*parse_search_keys(in)));
    Cursor without("OR SEEN NOT UNSEEN");
    CHECK_FALSE(asks_mod_sequence(*parse_search_keys(without)));
}

TEST_CASE("fetch item: name in the answer and in the request (RFC 9051 §6.4.5)") {
    struct Case {
        std::string_view text, name, request;
        bool sets_seen;
    };
    const Case cases[] = {
        {"flags", "FLAGS", "FLAGS", false},
        {"UID", "UID", "UID", false},
        {"MODSEQ", "MODSEQ", "MODSEQ", false},
        {"INTERNALDATE", "INTERNALDATE", "INTERNALDATE", false},
        {"RFC822.SIZE", "RFC822.SIZE", "RFC822.SIZE", false},
        {"RFC822", "RFC822", "RFC822", true},
        {"RFC822.HEADER", "RFC822.HEADER", "RFC822.HEADER", false},
        {"RFC822.TEXT", "RFC822.TEXT", "RFC822.TEXT", true},
        {"ENVELOPE", "ENVELOPE", "ENVELOPE", false},
        {"BODY", "BODY", "BODY", false},
        {"bodystructure", "BODYSTRUCTURE", "BODYSTRUCTURE", false},
        {"BODY[]", "BODY[]", "BODY[]", true},
        {"BODY.PEEK[]<0.2048>", "BODY[]<0>", "BODY.PEEK[]<0.2048>", false},
        {"body[header]", "BODY[HEADER]", "BODY[HEADER]", true},
        {"BODY[TEXT]", "BODY[TEXT]", "BODY[TEXT]", true},
        {"BODY[1.2.MIME]", "BODY[1.2.MIME]", "BODY[1.2.MIME]", true},
        {"BODY[4.1.HEADER]", "BODY[4.1.HEADER]", "BODY[4.1.HEADER]", true},
        {"BODY.PEEK[HEADER.FIELDS (Date \"X Y\")]", "BODY[HEADER.FIELDS (Date \"X Y\")]",
         "BODY.PEEK[HEADER.FIELDS (Date \"X Y\")]", false},
        {"BODY[3.HEADER.FIELDS.NOT (a)]<5.6>", "BODY[3.HEADER.FIELDS.NOT (a)]<5>",
         "BODY[3.HEADER.FIELDS.NOT (a)]<5.6>", true},
        {"BINARY[1.2]<1.2>", "BINARY[1.2]<1>", "BINARY[1.2]<1.2>", true},
        {"BINARY.PEEK[]", "BINARY[]", "BINARY.PEEK[]", false},
        {"BINARY.SIZE[7]", "BINARY.SIZE[7]", "BINARY.SIZE[7]", false},
    };
    for (const auto& [text, name, request, sets_seen] : cases) {
        CAPTURE(text);
        Cursor in(text);
        const auto items = parse_fetch_items(in);
        REQUIRE(items.has_value());
        REQUIRE(items->size() == 1);
        CHECK(in.done());
        std::string out;
        append_item_name(out, items->front());
        CHECK(out == name);
        out.clear();
        append_item_request(out, items->front());
        CHECK(out == request);
        CHECK(items->front().sets_seen() == sets_seen);
        Cursor again(out);
        CHECK(parse_fetch_items(again).value() == *items);
    }
}

TEST_CASE("fetch item: what is none") {
    for (const std::string_view bad : {"",
                                       "X",
                                       "BODY[",
                                       "BODY[0]",
                                       "BODY[1.]",
                                       "BODY[MIME]",
                                       "BODY[.1]",
                                       "BODY[1.X]",
                                       "BODY[HEADER.FIELDS]",
                                       "BODY[HEADER.FIELDS ()]",
                                       "BODY[]<0.0>",
                                       "BODY[]<0>",
                                       "BODY[]<1.2",
                                       "BINARY[HEADER]",
                                       "BINARY[1.TEXT]",
                                       "FLAGS[]",
                                       "BODY.PEEK",
                                       "BINARY",
                                       "(FLAGS",
                                       "(FLAGS UID",
                                       "(ALL)",
                                       "(FLAGS  UID)",
                                       "BODY[1..2]"}) {
        CAPTURE(bad);
        Cursor in(bad);
        const auto items = parse_fetch_items(in);
        CHECK_FALSE((items.has_value() && in.done()));
    }
    for (const auto& [macro, count] : {std::pair("FAST", 3U), {"all", 4U}, {"FULL", 5U}}) {
        Cursor in(macro);
        CHECK(parse_fetch_items(in)->size() == count);
    }
}

TEST_CASE("flags: system flags in any case, keywords keep theirs") {
    Cursor in("(\\SEEN \\Deleted $Forwarded $forwarded Junk)");
    const auto flags = parse_flag_list(in);
    REQUIRE(flags.has_value());
    CHECK(flags->has(SystemFlag::seen));
    CHECK_FALSE(flags->has(SystemFlag::draft));
    CHECK(flags->has("$FORWARDED"));
    CHECK_FALSE(flags->has("$Junk"));
    std::string out;
    append_flags(out, *flags);
    CHECK(out == "(\\Deleted \\Seen $Forwarded Junk)");
    for (const std::string_view bad :
         {"", "(", "(\\)", "(\\Foo)", "(\\*)", "(a", "(a  b)", "(a))x", "(\"a\")", "(a\xC3\xA4)"}) {
        CAPTURE(bad);
        Cursor cut(bad);
        CHECK_FALSE((parse_flag_list(cut).has_value() && cut.done()));
    }
    CHECK(is_keyword("$MDNSent"));
    for (const std::string_view bad : {"", "a b", "\\Seen", "a]", "a(", "\xC3\xA4"})
        CHECK_FALSE(is_keyword(bad));
    CHECK_FALSE(is_keyword(std::string(keyword_octets_max + 1, 'a')));
    for (const auto flag : {SystemFlag::answered, SystemFlag::flagged, SystemFlag::deleted, SystemFlag::seen,
                            SystemFlag::draft})
        CHECK(system_flag(to_text(flag)) == flag);
}

}  // namespace heliopost::imap
