// SELECT, LIST, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE, CLOSE.
#include <doctest/doctest.h>

#include "server/imap/test_client.h"

namespace heliopost::imap_server {
namespace {

using Strings = std::vector<std::string>;

// The number behind a word: "UIDVALIDITY 17" gives 17.
std::string number_after(std::string_view text, std::string_view word) {
    const auto at = text.find(word);
    if (at == std::string_view::npos) return {};
    const auto rest = text.substr(at + word.size());
    return std::string(rest.substr(0, rest.find_first_not_of("0123456789")));
}

}  // namespace

TEST_CASE("select: what it says, RFC 3501 §6.3.1 and RFC 9051 §6.3.2") {
    TestServer server;
    server.deliver("INBOX", message_with("a"), "(\\Seen)");
    server.deliver("INBOX", message_with("b"), "($Work)");
    TestClient client(server);
    const Answer first = client.run("SELECT inbox");
    const std::string validity = number_after(first.text(), "[UIDVALIDITY ");
    CHECK(first.text() ==
          "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)\n"
          "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work \\*)] flags that stay\n"
          "* 2 EXISTS\n* 0 RECENT\n* OK [UNSEEN 2] first unseen\n* OK [UIDVALIDITY " +
              validity +
              "] UIDs are valid\n* OK [UIDNEXT 3] predicted next UID\n* OK [HIGHESTMODSEQ 3] highest\n"
              "OK [READ-WRITE] SELECT completed");
    CHECK(client.run("ENABLE IMAP4rev2").ok());
    const Answer second = client.run("EXAMINE INBOX");
    CHECK(second.lines.front() == "* OK [CLOSED] the previous mailbox is closed");
    CHECK(second.has("* LIST () \"/\" INBOX"));
    CHECK(second.has("* OK [PERMANENTFLAGS ()] flags that stay"));
    CHECK(second.count("RECENT") == 0);
    CHECK(second.count("UNSEEN") == 0);
    CHECK(second.end == "OK [READ-ONLY] EXAMINE completed");
    CHECK(client.run("SELECT Nowhere").no("NONEXISTENT"));
    CHECK(client.run("FETCH 1 FLAGS").bad());  // and none is selected any more
}

TEST_CASE("select: EXAMINE changes nothing") {
    TestServer server;
    server.deliver("INBOX", message_with("a"), "(\\Deleted)");
    TestClient client(server);
    CHECK(client.run("EXAMINE INBOX").ok());
    CHECK(client.run("STORE 1 +FLAGS (\\Seen)").no("READ-ONLY"));
    CHECK(client.run("EXPUNGE").no("READ-ONLY"));
    CHECK(client.run("UID EXPUNGE 1").no("READ-ONLY"));
    CHECK(client.run("MOVE 1 Sent").no("READ-ONLY"));
    CHECK(client.run("FETCH 1 BODY[TEXT]").text() ==
          "* 1 FETCH (BODY[TEXT] {8}\r\nHello.\r\n)\nOK FETCH completed");
    CHECK(client.run("FETCH 1 FLAGS").lines == Strings{"* 1 FETCH (FLAGS (\\Deleted))"});
    CHECK(client.run("COPY 1 Sent").ok());
    CHECK(client.run("CLOSE").ok());
    CHECK(client.run("STATUS INBOX (MESSAGES)").lines == Strings{"* STATUS INBOX (MESSAGES 1)"});
}

TEST_CASE("select: CLOSE expunges in silence, UNSELECT does not, RFC 9051 §6.4.1, §6.4.2") {
    TestServer server;
    server.deliver("INBOX", message_with("a"), "(\\Deleted)");
    TestClient client(server);
    CHECK(client.run("SELECT INBOX").ok());
    CHECK(client.run("UNSELECT").text() == "OK UNSELECT completed");
    CHECK(client.run("SELECT INBOX").has("* 1 EXISTS"));
    CHECK(client.run("CLOSE").text() == "OK CLOSE completed");
    CHECK(client.run("SELECT INBOX").has("* 0 EXISTS"));
    for (const char* empty :
         {"FETCH 1:* FLAGS", "FETCH * FLAGS", "UID FETCH 1:* FLAGS", "STORE 1:* FLAGS ()", "SEARCH ALL",
          "SEARCH 1:*", "SEARCH *", "SEARCH NOT 1:*", "UID SEARCH 1:*", "UID SEARCH UID 1:*", "COPY 1:* Sent",
          "MOVE * Sent", "EXPUNGE", "UID STORE 1 FLAGS ()", "UID COPY 1:* Sent", "UID MOVE 1 Sent",
          "UID EXPUNGE 1:*", "CLOSE"}) {
        CAPTURE(empty);
        CHECK(client.run(empty).ok());
    }
    CHECK(client.run("SELECT INBOX").ok());
    for (const char* wrong : {"SEARCH 1", "SEARCH 1:*,2", "FETCH 1,1:* FLAGS", "STORE 1 FLAGS ()"}) {
        CAPTURE(wrong);
        CHECK(client.run(wrong).bad());
    }
}

TEST_CASE("select: QRESYNC catches a client up, RFC 7162 §3.2.5") {
    TestServer server;
    server.deliver("INBOX", message_with("a"), "()", 5);
    TestClient client(server);
    CHECK(client.run("SELECT INBOX (QRESYNC (1 1))").bad());  // not enabled
    CHECK(client.run("ENABLE QRESYNC").lines == Strings{"* ENABLED QRESYNC"});
    const Answer first = client.run("SELECT INBOX");
    const std::string validity = number_after(first.text(), "[UIDVALIDITY ");
    const std::string before = number_after(first.text(), "[HIGHESTMODSEQ ");
    CHECK(client.run("UNSELECT").ok());

    TestClient other(server);
    CHECK(other.run("SELECT INBOX").ok());
    CHECK(other.run("STORE 2,4 +FLAGS.SILENT (\\Deleted)").ok());
    CHECK(other.run("EXPUNGE").ok());
    CHECK(other.run("STORE 3 FLAGS.SILENT (\\Flagged)").ok());

    const auto resync = [&](const std::string& since) {
        (void)client.run("UNSELECT");
        const Answer answer = client.run("SELECT INBOX (QRESYNC (" + since + "))");
        Strings told;
        for (const std::string& line : answer.lines)
            if (line.contains("VANISHED") || line.contains("FETCH")) told.push_back(line);
        return told;
    };
    const Strings all = resync(validity + " " + before);
    REQUIRE(all.size() == 2);
    CHECK(all[0] == "* VANISHED (EARLIER) 2,4");
    CHECK(all[1].starts_with("* 3 FETCH (UID 5 FLAGS (\\Flagged) MODSEQ ("));
    CHECK(resync(validity + " " + before + " 1:3").size() == 1);
    CHECK(resync("1 " + before).empty());  // another UIDVALIDITY
    const std::string now = number_after(other.run("STATUS INBOX (HIGHESTMODSEQ)").text(), "HIGHESTMODSEQ ");
    CHECK(resync(validity + " " + now).empty());
    CHECK(resync(validity + " " + before + " 1:5 (1,3,5 1,3,5)").size() == 2);
}

TEST_CASE("select: CLOSE tells QRESYNC clients a state that they know, RFC 7162 §3.2.8") {
    TestServer server;
    server.deliver("INBOX", message_with("a"), "(\\Deleted)");
    server.deliver("INBOX", message_with("b"));
    TestClient client(server);
    CHECK(client.run("ENABLE QRESYNC").ok());
    CHECK(client.run("SELECT INBOX").ok());
    CHECK(client.run("CLOSE").end == "OK [HIGHESTMODSEQ 4] CLOSE completed");
    CHECK(client.run("SELECT INBOX").ok());
    CHECK(client.run("CLOSE").end == "OK CLOSE completed");
    CHECK(client.run("SELECT INBOX").ok());
    CHECK(client.run("STORE 1 +FLAGS.SILENT (\\Deleted)").ok());  // 5
    server.deliver("INBOX", message_with("c"));                   // 6, not told
    CHECK(client.run("CLOSE").end == "OK [HIGHESTMODSEQ 5] CLOSE completed");
}

TEST_CASE("list: patterns, uses and subscriptions, RFC 9051 §6.3.9, RFC 5258, RFC 6154") {
    TestServer server;
    TestClient client(server);
    CHECK(client.run("LIST \"\" \"\"").lines == Strings{"* LIST (\\Noselect) \"/\" \"\""});
    CHECK(client.run("LIST \"\" *").text() ==
          "* LIST (\\HasNoChildren) \"/\" INBOX\n"
          "* LIST (\\HasNoChildren \\Archive) \"/\" Archive\n"
          "* LIST (\\HasNoChildren \\Drafts) \"/\" Drafts\n"
          "* LIST (\\HasNoChildren \\Junk) \"/\" Junk\n"
          "* LIST (\\HasNoChildren \\Sent) \"/\" Sent\n"
          "* LIST (\\HasNoChildren \\Trash) \"/\" Trash\nOK LIST completed");
    CHECK(client.run("CREATE foo/bar/baz").ok());
    CHECK(client.run("LIST \"\" foo/%").lines == Strings{"* LIST (\\HasChildren) \"/\" foo/bar"});
    CHECK(client.run("LIST foo/ %").lines == Strings{"* LIST (\\HasChildren) \"/\" foo/bar"});
    CHECK(client.run("LIST \"\" f*").lines.size() == 3);
    CHECK(client.run("LIST \"\" inb%").lines.empty());
    CHECK(client.run("LIST \"\" inbox").lines.size() == 1);
    CHECK(client.run("LIST (SPECIAL-USE) \"\" *").lines.size() == 5);
    CHECK(client.run("LIST \"\" (Sent Junk)").lines.size() == 2);
    CHECK(client.run("LIST \"\" % RETURN (CHILDREN SUBSCRIBED SPECIAL-USE)")
              .has("* LIST (\\HasNoChildren \\Subscribed \\Sent) \"/\" Sent"));
    CHECK(client.run("LIST \"\" (INBOX foo) RETURN (STATUS (MESSAGES UNSEEN))").text() ==
          "* LIST (\\HasNoChildren) \"/\" INBOX\n* STATUS INBOX (MESSAGES 0 UNSEEN 0)\n"
          "* LIST (\\HasChildren) \"/\" foo\n* STATUS foo (MESSAGES 0 UNSEEN 0)\nOK LIST completed");

    CHECK(client.run("SUBSCRIBE foo/bar/baz").ok());
    CHECK(client.run("SUBSCRIBE nowhere").no("NONEXISTENT"));
    CHECK(client.run("LIST (SUBSCRIBED) \"\" foo*").lines ==
          Strings{"* LIST (\\HasNoChildren \\Subscribed) \"/\" foo/bar/baz"});
    CHECK(client.run("LIST (SUBSCRIBED RECURSIVEMATCH) \"\" foo/% RETURN (STATUS (MESSAGES))").lines ==
          Strings{"* LIST (\\HasChildren) \"/\" foo/bar (\"CHILDINFO\" (\"SUBSCRIBED\"))"});
    CHECK(client.run("LIST (RECURSIVEMATCH) \"\" *").bad());
    CHECK(client.run("LSUB \"\" foo/%").lines == Strings{"* LSUB (\\Noselect) \"/\" foo/bar"});
    CHECK(client.run("DELETE foo/bar/baz").ok());
    CHECK(client.run("DELETE foo/bar").ok());
    CHECK(client.run("LIST (SUBSCRIBED) \"\" foo*").lines ==
          Strings{"* LIST (\\NonExistent \\HasNoChildren \\Subscribed) \"/\" foo/bar/baz"});
    CHECK(client.run("LIST (SUBSCRIBED RECURSIVEMATCH) \"\" foo/%").lines ==
          Strings{"* LIST (\\NonExistent \\HasNoChildren) \"/\" foo/bar (\"CHILDINFO\" (\"SUBSCRIBED\"))"});
    CHECK(client.run("UNSUBSCRIBE foo/bar/baz").ok());
    CHECK(client.run("LIST (SUBSCRIBED) \"\" foo*").lines.empty());
    CHECK(client.run("SUBSCRIBE foo").ok());
    CHECK(client.run("RENAME foo fox").ok());  // RFC 9051 §6.3.6
    CHECK(client.run("LIST (SUBSCRIBED) \"\" fo*").lines ==
          Strings{"* LIST (\\HasNoChildren \\Subscribed) \"/\" fox",
                  "* LIST (\\NonExistent \\HasNoChildren \\Subscribed) \"/\" foo"});
}

TEST_CASE("mailboxes: names travel as their revision wants, RFC 3501 §5.1.3, RFC 9051 §5.1") {
    TestServer server;
    TestClient client(server);
    CHECK(client.run("CREATE Entw&APw-rfe").ok());
    CHECK(client.run("LIST \"\" Ent*").lines == Strings{"* LIST (\\HasNoChildren) \"/\" Entw&APw-rfe"});
    CHECK_FALSE(client.run("CREATE Entw\xC3\xBCrfe").ok());
    CHECK(client.run("ENABLE IMAP4rev2").ok());
    CHECK(client.run("LIST \"\" Ent*").lines ==
          Strings{"* LIST (\\HasNoChildren) \"/\" \"Entw\xC3\xBCrfe\""});
    CHECK(client.run("SELECT \"Entw\xC3\xBCrfe\"").ok());
    for (const char* deceiving : {"a\u202Eb", "\uFEFFa", "a\uFFFE"}) {
        CHECK(client.run("CREATE \"" + std::string(deceiving) + "\"").no("CANNOT"));
        CHECK(client.run("RENAME \"Entw\xC3\xBCrfe\" \"" + std::string(deceiving) + "\"").no("CANNOT"));
    }
}

TEST_CASE("mailboxes: CREATE, DELETE and RENAME and what they refuse, RFC 9051 §6.3.4-§6.3.6") {
    TestServer server;
    TestClient client(server);
    CHECK(client.run("CREATE INBOX").no("ALREADYEXISTS"));
    CHECK(client.run("CREATE work/").ok());
    CHECK(client.run("CREATE work").no("ALREADYEXISTS"));
    CHECK(client.run("CREATE a//b").no("CANNOT"));
    CHECK(client.run("CREATE \"a%b\"").no("CANNOT"));
    CHECK(client.run("CREATE mine (USE (\\Sent))").no("USEATTR"));
    CHECK(client.run("CREATE mine (USE (\\Flagged))").no("USEATTR"));
    CHECK(client.run("DELETE INBOX").no("CANNOT"));
    CHECK(client.run("CREATE INBOX/below").ok());
    CHECK(client.run("DELETE INBOX").no("CANNOT"));
    CHECK(client.run("DELETE INBOX/below").ok());
    CHECK(client.run("DELETE Sent").no("CANNOT"));
    CHECK(client.run("DELETE nowhere").no("NONEXISTENT"));
    CHECK(client.run("CREATE work/sub").ok());
    CHECK(client.run("DELETE work").no("HASCHILDREN"));
    CHECK(client.run("RENAME work job").ok());
    CHECK(client.run("STATUS job/sub (MESSAGES)").ok());
    CHECK(client.run("STATUS work/sub (MESSAGES)").no("NONEXISTENT"));
    CHECK(client.run("RENAME job job/sub/deep").end.starts_with("NO"));
    CHECK(client.run("RENAME job Sent").no("ALREADYEXISTS"));
    CHECK(client.run("RENAME nowhere b").no("NONEXISTENT"));

    // RENAME INBOX takes its messages along and leaves an empty INBOX: RFC 9051 §6.3.6
    server.deliver("INBOX", message_with("a"), "(\\Flagged)", 3);
    CHECK(client.run("SELECT INBOX").has("* 3 EXISTS"));
    const Answer renamed = client.run("RENAME INBOX old/mail");
    CHECK(renamed.lines == Strings{"* 3 EXPUNGE", "* 2 EXPUNGE", "* 1 EXPUNGE"});
    CHECK(renamed.ok());
    CHECK(client.run("STATUS old/mail (MESSAGES UNSEEN)").lines ==
          Strings{"* STATUS old/mail (MESSAGES 3 UNSEEN 3)"});
    CHECK(client.run("STATUS INBOX (MESSAGES UIDNEXT)").lines ==
          Strings{"* STATUS INBOX (MESSAGES 0 UIDNEXT 4)"});
}

TEST_CASE("mailboxes: a mailbox that is deleted while it is selected") {
    TestServer server;
    TestClient client(server);
    TestClient other(server);
    CHECK(client.run("CREATE gone").ok());
    CHECK(client.run("SELECT gone").ok());
    CHECK(other.run("SELECT gone").ok());
    CHECK(client.run("RENAME gone away").ok());  // stays selected under its new name
    CHECK(client.run("FETCH 1:* FLAGS").ok());
    const Answer deleted = client.run("DELETE away");
    CHECK(deleted.ok());
    CHECK(client.run("FETCH 1:* FLAGS").bad());
    CHECK(client.run("NOOP").ok());
    const Answer noop = other.run("NOOP");
    CHECK(noop.lines == Strings{"* BYE the mailbox was deleted"});
    CHECK(other.closed());
}

TEST_CASE("status: every item, RFC 9051 §6.3.11, RFC 7162, RFC 7889, RFC 8438") {
    TestServer server;
    const std::string message = message_with("a");
    server.deliver("INBOX", message, "(\\Seen)");
    server.deliver("INBOX", message, "(\\Deleted)");
    TestClient client(server);
    const Answer answer = client.run(
        "STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ APPENDLIMIT)");
    const std::string validity = number_after(answer.text(), "UIDVALIDITY ");
    CHECK(answer.lines == Strings{"* STATUS INBOX (MESSAGES 2 RECENT 0 UIDNEXT 3 UIDVALIDITY " + validity +
                                  " UNSEEN 1 DELETED 1 SIZE " + std::to_string(2 * message.size()) +
                                  " HIGHESTMODSEQ 3 APPENDLIMIT 1048576)"});
    CHECK(client.run("STATUS nowhere (MESSAGES)").no("NONEXISTENT"));
    CHECK(client.run("SELECT INBOX").ok());
    server.deliver("INBOX", message);
    const Answer selected = client.run("STATUS INBOX (MESSAGES)");
    CHECK(selected.text() == "* STATUS INBOX (MESSAGES 3)\n* 3 EXISTS\nOK STATUS completed");
}

}  // namespace heliopost::imap_server
