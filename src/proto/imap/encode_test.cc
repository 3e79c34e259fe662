#include "proto/imap/encode.h"

#include <doctest/doctest.h>

#include <string>

#include "proto/imap/response_code.h"

namespace heliopost::imap {
namespace {

template <class Append, class... Arguments>
std::string written(Append append, const Arguments&... arguments) {
    std::string out;
    append(out, arguments...);
    return out;
}

}  // namespace

TEST_CASE("encode: the shortest form that the reader understands (RFC 9051 §4.3)") {
    struct Case {
        std::string_view text, rev1, rev2;
    };
    const Case cases[] = {
        {"", "\"\"", "\"\""},
        {"abc", "\"abc\"", "\"abc\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\""},
        {"a\r\nb", "{4}\r\na\r\nb", "{4}\r\na\r\nb"},
        {"\xC3\xA4", "{2}\r\n\xC3\xA4", "\"\xC3\xA4\""},
        {"\xE4", "{1}\r\n\xE4", "{1}\r\n\xE4"},  // Latin-1
        {std::string_view("a\0b", 3),
         "{3}\r\na\x80"
         "b",
         "{3}\r\na\x80"
         "b"},
    };
    for (const auto& [text, rev1, rev2] : cases) {
        CHECK(written(append_string, text, Revision::rev1) == rev1);
        CHECK(written(append_string, text, Revision::rev2) == rev2);
    }
    const std::string longest(1024, 'a');  // quoted_octets_max
    CHECK(written(append_string, longest, Revision::rev1) == "\"" + longest + "\"");
    CHECK(written(append_string, longest + "a", Revision::rev1) == "{1025}\r\n" + longest + "a");
}

TEST_CASE("encode: astring, nstring, mailbox, literal headers") {
    CHECK(written(append_astring, "abc]", Revision::rev1) == "abc]");
    CHECK(written(append_astring, "a b", Revision::rev1) == "\"a b\"");
    CHECK(written(append_astring, "", Revision::rev1) == "\"\"");
    CHECK(written(append_astring, "nil", Revision::rev1) == "\"nil\"");
    CHECK(written(append_astring, "a*", Revision::rev1) == "\"a*\"");
    CHECK(written(append_nstring, std::optional<std::string>(), Revision::rev1) == "NIL");
    CHECK(written(append_nstring, std::optional<std::string>("NIL"), Revision::rev1) == "\"NIL\"");
    CHECK(written(append_mailbox, "\xC3\x84/b", Revision::rev1) == "&AMQ-/b");
    CHECK(written(append_mailbox, "\xC3\x84/b", Revision::rev2) == "\"\xC3\x84/b\"");
    CHECK(written(append_literal_header, 18446744073709551615U, true) == "~{18446744073709551615}\r\n");
    CHECK(written(append_literal_header, 0U, false) == "{0}\r\n");
}

TEST_CASE("status lines: RFC 9051 §7.1, and nothing from a text ends the line") {
    CHECK(written(append_status, "a1", Condition::ok, code::read_write, "SELECT completed") ==
          "a1 OK [READ-WRITE] SELECT completed\r\n");
    CHECK(written(append_status, "", Condition::bye, "", "x\r\n* OK y\0z") == "* BYE x  * OK y\r\n");
    CHECK(written(append_status, "a", Condition::no, "", "") == "a NO -\r\n");
    CHECK(written(append_status, "a", Condition::bad, "", "[ALERT] x") == "a BAD - [ALERT] x\r\n");
    CHECK(written(append_continuation, "") == "+ \r\n");
    CHECK(written(append_continuation, "idling") == "+ idling\r\n");
}

TEST_CASE("response codes with arguments") {
    const UidSet uids({{3, 5}, {9, 9}});
    CHECK(code::append_uid(UidValidity(38505), NumberSet::of(3955)) == "APPENDUID 38505 3955");
    CHECK(code::copy_uid(UidValidity(38505), uids, NumberSet({{1, 4}})) == "COPYUID 38505 3:5,9 1:4");
    CHECK(code::highest_mod_sequence(ModSequence(90060115194045001)) == "HIGHESTMODSEQ 90060115194045001");
    CHECK(code::uid_validity(UidValidity(1)) == "UIDVALIDITY 1");
    CHECK(code::uid_next(Uid(4392)) == "UIDNEXT 4392");
    CHECK(code::modified(uids) == "MODIFIED 3:5,9");
    Flags flags;
    CHECK(code::permanent_flags(flags, true) == "PERMANENTFLAGS (\\*)");
    CHECK(code::permanent_flags(flags, false) == "PERMANENTFLAGS ()");
    flags.add(SystemFlag::seen);
    CHECK(code::permanent_flags(flags, true) == "PERMANENTFLAGS (\\Seen \\*)");
    CHECK(code::capability("IMAP4rev2") == "CAPABILITY IMAP4rev2");
    CHECK(code::bad_charset("UTF-8") == "BADCHARSET (UTF-8)");
    CHECK(code::bad_charset() == "BADCHARSET");
}

}  // namespace heliopost::imap
