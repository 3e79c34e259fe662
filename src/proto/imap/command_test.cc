#include "proto/imap/command.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/assert.h"

namespace heliopost::imap {
namespace {

template <class Body>
Body parse(std::string_view text, Revision revision = Revision::rev2) {
    CAPTURE(text);
    auto command = parse_command(text, revision);
    if (!command) FAIL(command.error().error.text);
    REQUIRE(std::holds_alternative<Body>(command->body));
    return std::get<Body>(std::move(command->body));
}

}  // namespace

// Examples of RFC 9051, 3501, 2971, 4315, 5161, 5182, 5258, 5819, 6154, 6851, 7162, and near misses.
TEST_CASE("command: what reads as what; every truncation is no crash") {
    struct Case {
        std::string_view text;
        std::string_view name;  // "" for BAD
    };
    const Case cases[] = {
        {"abcd CAPABILITY", "CAPABILITY"},
        {"a002 noop", "NOOP"},
        {"a NOOP ", "NOOP"},  // lenient: a blank at the end
        {"a NOOP x", ""},
        {"a NOOPX", ""},
        {"a", ""},
        {"a ", ""},
        {"a UID", ""},
        {"a UID NOOP", ""},
        {"A023 LOGOUT", "LOGOUT"},
        {"a001 STARTTLS", "STARTTLS"},
        {"a CHECK", "CHECK"},
        {"A341 CLOSE", "CLOSE"},
        {"A342 UNSELECT", "UNSELECT"},
        {"A202 EXPUNGE", "EXPUNGE"},
        {"A003 UID EXPUNGE 3000:3002", "UID EXPUNGE"},
        {"A003 EXPUNGE 3000:3002", ""},
        {"A001 IDLE", "IDLE"},
        {"A001 NAMESPACE", "NAMESPACE"},
        {"a023 ID (\"name\" \"sodr\" \"version\" \"19.34\" \"vendor\" NIL)", "ID"},
        {"a042 ID NIL", "ID"},
        {"a042 ID ()", "ID"},
        {"a042 ID (\"name\")", ""},
        {"t1 ENABLE CONDSTORE X-GOOD-IDEA", "ENABLE"},
        {"t1 ENABLE", ""},
        {"a001 AUTHENTICATE GSSAPI", "AUTHENTICATE"},
        {"a001 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=", "AUTHENTICATE"},
        {"a001 AUTHENTICATE EXTERNAL =", "AUTHENTICATE"},
        {"a001 AUTHENTICATE PLAIN d!", ""},
        {"a001 LOGIN SMITH SESAME", "LOGIN"},
        {"a001 LOGIN {11}\r\nFRED FOOBAR {7}\r\nfat man", "LOGIN"},
        {"a001 LOGIN {11+}\r\nFRED FOOBAR \"fat \\\" man\"", "LOGIN"},
        {"a001 LOGIN SMITH", ""},
        {"a001 LOGIN SMITH \"SE\\SAME\"", ""},
        {"a001 LOGIN ~{1}\r\na b", ""},
        {"A142 SELECT INBOX", "SELECT"},
        {"A142 SELECT INBOX (CONDSTORE)", "SELECT"},
        {"A02 SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211,214:541))", "SELECT"},
        {"A SELECT INBOX (QRESYNC (67890007 90060115194045000 41:211,214:541 (1:2 41:42)))", "SELECT"},
        {"A SELECT INBOX (QRESYNC (67890007 1 (1:2 41:42)))", "SELECT"},
        {"A SELECT INBOX (QRESYNC (67890007 1 (1:2 41)))", ""},
        {"A SELECT INBOX (QRESYNC (67890007 0))", ""},
        {"A SELECT INBOX (QRESYNC (67890007 1 1:*))", ""},
        {"A SELECT INBOX (QRESYNC (1 1) QRESYNC (1 1))", ""},
        {"A SELECT INBOX ()", ""},
        {"A SELECT ", ""},
        {"A932 EXAMINE blurdybloop", "EXAMINE"},
        {"A003 CREATE owatagusiam/", "CREATE"},
        {"t3 CREATE MySpecial (USE (\\Drafts \\Sent))", "CREATE"},
        {"t3 CREATE MySpecial (USE ())", "CREATE"},
        {"t3 CREATE MySpecial (USE (Drafts))", ""},
        {"t3 CREATE MySpecial (X)", ""},
        {"A683 DELETE blurdybloop", "DELETE"},
        {"A683 RENAME blurdybloop \"sar asoon\"", "RENAME"},
        {"A683 RENAME blurdybloop", ""},
        {"A002 SUBSCRIBE #news.comp.mail.mime", "SUBSCRIBE"},
        {"A002 UNSUBSCRIBE #news.comp.mail.mime", "UNSUBSCRIBE"},
        {"A101 LIST \"\" \"\"", "LIST"},
        {"A202 LIST ~/Mail/ %", "LIST"},
        {"A01 LIST (SUBSCRIBED) \"\" \"*\"", "LIST"},
        {"A03 LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (\"INBOX\" \"Drafts\" \"Sent/%\") RETURN (CHILDREN)",
         "LIST"},
        {"A LIST (RECURSIVEMATCH) \"\" *", ""},
        {"A LIST (RECURSIVEMATCH REMOTE) \"\" *", ""},
        {"A LIST () \"\" *", "LIST"},
        {"A LIST \"\" () RETURN ()", ""},
        {"A LIST \"\" % RETURN (STATUS (MESSAGES UNSEEN) SPECIAL-USE)", "LIST"},
        {"A LIST \"\" % RETURN (STATUS ())", ""},
        {"A LIST \"\" % RETURN (BOGUS)", ""},
        {"A002 LSUB \"#news.\" \"comp.mail.*\"", "LSUB"},
        {"A042 STATUS blurdybloop (UIDNEXT MESSAGES)", "STATUS"},
        {"A042 STATUS a (SIZE DELETED HIGHESTMODSEQ APPENDLIMIT RECENT UIDVALIDITY UNSEEN)", "STATUS"},
        {"A042 STATUS a ()", ""},
        {"A042 STATUS a (X)", ""},
        {"A003 APPEND saved-messages (\\Seen) {326}\r\n", "APPEND"},
        {"A003 APPEND saved-messages (\\Seen $x) \" 7-Feb-1994 21:52:25 -0800\" ~{310+}\r\n", "APPEND"},
        {"A003 APPEND saved-messages", ""},
        {"A003 APPEND saved-messages {3}\r\nabc", ""},
        {"A003 APPEND saved-messages \"x\"", ""},
        {"A282 SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"", "SEARCH"},
        {"A284 SEARCH CHARSET UTF-8 TEXT {12}\r\n\xD0\xB8\xD0\xB2\xD0\xB0\xD0\xBD\xD0\xBE\xD0\xB2", "SEARCH"},
        {"A SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"", "SEARCH"},
        {"A UID SEARCH RETURN () UID 1:* $", "UID SEARCH"},
        {"A SEARCH RETURN (SAVE) OR KEYWORD $Junk (1:3 LARGER 5)", "SEARCH"},
        {"A SEARCH MODSEQ \"/flags/\\\\draft\" all 620162338", "SEARCH"},
        {"A SEARCH MODSEQ \"/flags/\\\\draft\" some 620162338", ""},
        {"A SEARCH", ""},
        {"A SEARCH ()", ""},
        {"A SEARCH (ALL", ""},
        {"A SEARCH OR ALL", ""},
        {"A SEARCH BOGUS", ""},
        {"A SEARCH RETURN (X) ALL", ""},
        {"A654 FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])", "FETCH"},
        {"s100 UID FETCH 1:* (FLAGS MODSEQ) (CHANGEDSINCE 12345)", "UID FETCH"},
        {"s100 UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)", "UID FETCH"},
        {"s100 FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)", ""},
        {"s100 UID FETCH 300:500 (FLAGS) (VANISHED)", ""},
        {"s100 UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 0)", ""},
        {"A FETCH 1 ()", ""},
        {"A FETCH 1 (ALL)", ""},
        {"A003 STORE 2:4 +FLAGS (\\Deleted)", "STORE"},
        {"a103 UID STORE 6,4,8 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\\Deleted)", "UID STORE"},
        {"d105 STORE 7,5,9 (UNCHANGEDSINCE 0) FLAGS \\Deleted $Forwarded", "STORE"},
        {"d105 STORE 7 FLAGS (\\Bogus)", ""},
        {"d105 STORE 7 FLAGS", ""},
        {"d105 STORE 7 *FLAGS ()", ""},
        {"A003 COPY 2:4 MEETING", "COPY"},
        {"A003 UID COPY $ MEETING", "UID COPY"},
        {"a UID MOVE 42:69 foo", "UID MOVE"},
        {"a MOVE 1 foo", "MOVE"},
        {"a COPY 0 foo", ""},
        {"+ NOOP", ""},
        {"* NOOP", ""},
        {"a+b NOOP", ""},
        {" NOOP", ""},
        {"", ""},
        {"a XYZZY", ""},
    };
    std::set<size_t> kinds;
    for (const auto& [text, name] : cases) {
        CAPTURE(text);
        const auto command = parse_command(text, Revision::rev2);
        CHECK((command ? command_name(*command) : "") == name);
        if (command) kinds.insert(command->body.index());
        for (size_t length = 0; length < text.size(); ++length) {
            const auto cut = parse_command(text.substr(0, length), Revision::rev1);
            if (!cut && length > 5) CHECK(cut.error().tag == find_tag(text));
        }
    }
    CHECK(kinds.size() == std::variant_size_v<CommandBody>);
}

TEST_CASE("command: the tag of a wrong command") {
    CHECK(parse_command("a1 BOGUS", Revision::rev1).error().tag == "a1");
    CHECK(parse_command("a1", Revision::rev1).error().tag == "a1");
    CHECK(parse_command("+ BOGUS", Revision::rev1).error().tag.empty());
    CHECK(parse_command("a\xFF BOGUS", Revision::rev1).error().tag.empty());
    CHECK(find_tag(std::string(tag_octets_max, 'a')).size() == tag_octets_max);
    CHECK(find_tag(std::string(tag_octets_max + 1, 'a')).empty());
}

TEST_CASE("command: arguments of session commands") {
    CHECK(parse<command::Login>("a LOGIN {3}\r\na b \"c\\\\d\"").user == "a b");
    CHECK(parse<command::Login>("a LOGIN a]b \"c\\\\d\"").password == "c\\d");
    CHECK(parse<command::Authenticate>("a AUTHENTICATE plain").initial == std::nullopt);
    CHECK(parse<command::Authenticate>("a AUTHENTICATE plain").mechanism == "PLAIN");
    CHECK(parse<command::Authenticate>("a AUTHENTICATE X =").initial == "");
    CHECK(parse<command::Authenticate>("a AUTHENTICATE X AGE=").initial == std::string("\0a", 2));
    CHECK(parse<command::Enable>("a ENABLE condstore Imap4rev2").names ==
          std::vector<std::string>{"CONDSTORE", "IMAP4REV2"});
    const auto id = parse<command::Id>("a ID (\"name\" \"x\" \"os\" NIL)");
    CHECK(id.fields.size() == 2);
    CHECK_FALSE(id.fields[1].second.has_value());
}

TEST_CASE("command: mailbox names by revision") {
    CHECK(parse<command::Select>("a SELECT inbox").mailbox == "INBOX");
    CHECK(parse<command::Select>("a SELECT &AMQ-", Revision::rev1).mailbox == "\xC3\x84");
    CHECK(parse<command::Select>("a SELECT &AMQ-", Revision::rev2).mailbox == "&AMQ-");
    CHECK(parse<command::Select>("a SELECT \"\xC3\x84\"", Revision::rev2).mailbox == "\xC3\x84");
    CHECK(parse_command("a SELECT \"\xC3\x84\"", Revision::rev1).error().error.fault == Fault::not_found);
    CHECK(parse_command("a SELECT \"\xC3\"", Revision::rev2).error().error.fault == Fault::syntax);
    CHECK(parse_command("a SELECT {1}\r\n\xC3", Revision::rev2).error().error.fault == Fault::not_found);
    CHECK(parse_command(std::string("a SELECT {1}\r\n\0", 14), Revision::rev2).error().error.fault ==
          Fault::syntax);
}

TEST_CASE("command: SELECT, LIST, STATUS, APPEND") {
    const auto select = parse<command::Select>("a SELECT x (CONDSTORE QRESYNC (7 9 1:5 (1,3 2,9)))");
    CHECK(select.condstore);
    const auto& qresync = select.qresync;
    ASSERT(qresync.has_value());
    CHECK(qresync->uid_validity == UidValidity(7));
    CHECK(qresync->mod_sequence == ModSequence(9));
    const auto& known = qresync->known_uids;
    ASSERT(known.has_value());
    CHECK(to_text(*known) == "1:5");
    CHECK(to_text(qresync->matched_uids) == "2,9");

    const auto list =
        parse<command::List>("a LIST (REMOTE SPECIAL-USE) \"r\" (a b%) RETURN (SUBSCRIBED STATUS (SIZE))");
    CHECK(list.extended);
    CHECK(list.remote);
    CHECK(list.special_use);
    CHECK_FALSE(list.subscribed);
    CHECK(list.patterns == std::vector<std::string>{"a", "b%"});
    CHECK(list.return_subscribed);
    const auto& status = list.return_status;
    ASSERT(status.has_value());
    CHECK(status->has(StatusItem::size));
    CHECK_FALSE(status->has(StatusItem::unseen));
    CHECK_FALSE(parse<command::List>("a LIST \"\" &AMQ-*", Revision::rev1).extended);
    CHECK(parse<command::List>("a LIST \"\" &AMQ-*", Revision::rev1).patterns.front() == "\xC3\x84*");

    const auto append =
        parse<command::Append>("a APPEND x (\\seen \\Recent $a $A) \"17-Jul-1996 02:44:25 -0700\" ~{9+}\r\n");
    CHECK(append.flags == Flags{static_cast<std::uint8_t>(SystemFlag::seen), {"$a"}});
    const auto& received = append.received;
    ASSERT(received.has_value());
    CHECK(received->zone == std::chrono::minutes(-420));
    CHECK(append.literal == LiteralHeader{9, false, true});
}

TEST_CASE("command: SEARCH, STORE, FETCH") {
    const auto search = parse<command::Search>("a UID SEARCH RETURN (SAVE MAX) CHARSET utf-8 ALL");
    CHECK(search.uid);
    CHECK(search.charset == "UTF-8");
    CHECK(search.give == command::SearchReturn{.max = true, .save = true});
    CHECK(parse<command::Search>("a SEARCH RETURN () ALL").give == command::SearchReturn{.all = true});
    CHECK_FALSE(parse<command::Search>("a SEARCH ALL").give.has_value());

    const auto store = parse<command::Store>("a STORE 1 (UNCHANGEDSINCE 0) -FLAGS.SILENT (a)");
    CHECK(store.mode == command::Store::Mode::remove);
    CHECK(store.silent);
    CHECK(store.unchanged_since == ModSequence(0));
    CHECK(parse<command::Store>("a STORE 1 FLAGS ()").flags.empty());

    const auto fetch = parse<command::Fetch>("a UID FETCH $ ALL (CHANGEDSINCE 9 VANISHED)");
    CHECK(fetch.set.saved_result);
    CHECK(fetch.items.size() == 4);
    CHECK(fetch.vanished);
    CHECK(fetch.changed_since == ModSequence(9));
}

TEST_CASE("command: every limit, one past it") {
    const auto repeat = [](std::string_view before, std::string_view one, size_t times,
                           std::string_view after) {
        std::string text(before);
        for (size_t i = 0; i < times; ++i) text += one;
        return text += after;
    };
    struct Case {
        std::string_view before, one, after;
        size_t most;
    };
    const Case cases[] = {
        {"a SEARCH ", "NOT ", "ALL", search_depth_max},
        {"a SEARCH ", "OR ALL ", "ALL", search_depth_max},
        {"a SEARCH ", "ALL ", "ALL", search_keys_max - 1},
        {"a FETCH 1 (FLAGS", " UID", ")", fetch_items_max - 1},
        {"a FETCH 1 BODY[1", ".1", "]", section_parts_max - 1},
        {"a FETCH 1 BODY[HEADER.FIELDS (a", " b", ")]", section_fields_max - 1},
        {"a LIST \"\" (a", " b", ")", list_patterns_max - 1},
        {"a LIST \"\" ", "b", "", list_pattern_octets_max},
        {"a ID (\"a\" NIL", " \"b\" NIL", ")", id_fields_max - 1},
        {"a ENABLE a", " b", "", enabled_names_max - 1},
        {"a CREATE a (USE (\\a", " \\b", "))", special_uses_max - 1},
        {"a STORE 1 FLAGS ", "a", "", keyword_octets_max},
        {"a SEARCH KEYWORD ", "a", "", keyword_octets_max},
        {"a ID (\"", "a", "\" NIL)", id_field_octets_max},
        {"a ID (\"a\" \"", "a", "\")", id_value_octets_max},
    };
    for (const auto& [before, one, after, most] : cases) {
        CAPTURE(before);
        CHECK(parse_command(repeat(before, one, most, after), Revision::rev2).has_value());
        const auto past = parse_command(repeat(before, one, most + 1, after), Revision::rev2);
        REQUIRE_FALSE(past.has_value());
        CHECK(past.error().error.fault == Fault::too_large);
    }
    const auto deep = repeat("a SEARCH ", "(", search_depth_max, "ALL") + std::string(search_depth_max, ')');
    CHECK(parse_command(deep, Revision::rev2).has_value());
    CHECK_FALSE(parse_command(repeat("a SEARCH ", "(", 60'000, ""), Revision::rev2).has_value());
    std::string keywords = "a STORE 1 FLAGS (k0";
    for (size_t i = 1; i < keywords_max; ++i) keywords += " k" + std::to_string(i);
    CHECK(parse_command(keywords + ")", Revision::rev2).has_value());
    CHECK_FALSE(parse_command(keywords + " more)", Revision::rev2).has_value());
}

}  // namespace heliopost::imap
