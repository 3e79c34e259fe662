// FETCH, STORE, COPY, MOVE, EXPUNGE, APPEND, and two sessions on one mailbox.
#include <doctest/doctest.h>

#include "base/base64.h"
#include "server/imap/test_client.h"

namespace heliopost::imap_server {
namespace {

using Strings = std::vector<std::string>;

struct Selected3 : TestServer {
    Selected3() {
        for (const char* subject : {"one", "two", "three"}) deliver("INBOX", message_with(subject));
        (void)client.run("SELECT INBOX");
    }
    TestClient client{*this};
};

}  // namespace

TEST_CASE_FIXTURE(Selected3, "fetch: what rows tell, RFC 9051 §6.4.5") {
    const std::string size = std::to_string(message_with("one").size());
    CHECK(
        client.run("FETCH 1 FAST").lines ==
        Strings{"* 1 FETCH (FLAGS () INTERNALDATE \"23-Nov-2026 00:00:01 +0000\" RFC822.SIZE " + size + ")"});
    CHECK(client.run("FETCH 2:3 (UID)").lines == Strings{"* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)"});
    CHECK(client.run("UID FETCH 3:1 FLAGS").lines ==
          Strings{"* 1 FETCH (UID 1 FLAGS ())", "* 2 FETCH (UID 2 FLAGS ())", "* 3 FETCH (UID 3 FLAGS ())"});
    CHECK(client.run("UID FETCH 100:* FLAGS").lines == Strings{"* 3 FETCH (UID 3 FLAGS ())"});
    CHECK(client.run("UID FETCH 100 FLAGS").text() == "OK UID FETCH completed");
    CHECK(client.run("FETCH 4 FLAGS").bad());
    CHECK(client.run("FETCH 1:3 (UID) (CHANGEDSINCE 3)").lines == Strings{"* 3 FETCH (UID 3 MODSEQ (4))"});
    CHECK(client.run("FETCH 1 (UID) (CHANGEDSINCE 3 VANISHED)").bad());
}

TEST_CASE_FIXTURE(Selected3, "fetch: sections, partials and \\Seen") {
    CHECK(client.run("FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]").lines ==
          Strings{"* 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {16}\r\nSubject: one\r\n\r\n)"});
    CHECK(client.run("FETCH 1 BODY.PEEK[]<0.4>").lines == Strings{"* 1 FETCH (BODY[]<0> {4}\r\nFrom)"});
    CHECK(client.run("FETCH 1 BODY.PEEK[]<100000.4>").lines == Strings{"* 1 FETCH (BODY[]<100000> {0}\r\n)"});
    CHECK(client.run("FETCH 1 BODY.PEEK[2]").lines == Strings{"* 1 FETCH (BODY[2] NIL)"});
    CHECK(client.run("FETCH 1 RFC822.HEADER").lines.size() == 1);  // does not set \Seen
    const Answer text = client.run("FETCH 1 RFC822.TEXT");
    CHECK(text.lines == Strings{"* 1 FETCH (RFC822.TEXT {8}\r\nHello.\r\n)", "* 1 FETCH (FLAGS (\\Seen))"});
    CHECK(client.run("FETCH 2 RFC822").lines.back() == "* 2 FETCH (FLAGS (\\Seen))");
    CHECK(client.run("FETCH 3 BODY[1]").lines ==
          Strings{"* 3 FETCH (BODY[1] {8}\r\nHello.\r\n)", "* 3 FETCH (FLAGS (\\Seen))"});
    CHECK(client.run("FETCH 1 BODY[TEXT]").lines.size() == 1);
    CHECK(client.run("FETCH 1 ENVELOPE").lines ==
          Strings{"* 1 FETCH (ENVELOPE (\"Mon, 7 Feb 1994 21:52:25 -0800\" \"one\" "
                  "((\"Ann\" NIL \"ann\" \"a.example\")) ((\"Ann\" NIL \"ann\" \"a.example\")) "
                  "((\"Ann\" NIL \"ann\" \"a.example\")) ((NIL NIL \"bob\" \"b.example\")) NIL NIL NIL "
                  "\"<1@a.example>\"))"});
    CHECK(client.run("FETCH 1 BODY").lines ==
          Strings{"* 1 FETCH (BODY (\"text\" \"plain\" NIL NIL NIL \"7BIT\" 8 1))"});
}

TEST_CASE_FIXTURE(Selected3, "fetch: BINARY undoes the transfer encoding, RFC 3516") {
    const auto with = [&](const std::string& encoding, const std::string& body) {
        deliver("INBOX",
                "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: " +
                    encoding + "\r\n\r\n" + body + "\r\n--b--\r\n");
    };
    with("base64", to_base64(std::string_view("ab\0cd", 5)));
    with("quoted-printable", "a=3Db");
    with("x-unknown", "a");
    CHECK(client.run("NOOP").has("* 6 EXISTS"));
    CHECK(client.run("FETCH 4 (BINARY.SIZE[1] BINARY.PEEK[1])").lines ==
          Strings{"* 4 FETCH (BINARY.SIZE[1] 5 BINARY[1] ~{5}\r\n" + std::string("ab\0cd", 5) + ")"});
    CHECK(client.run("FETCH 5 BINARY.PEEK[1]<1.2>").lines == Strings{"* 5 FETCH (BINARY[1]<1> {2}\r\n=b)"});
    CHECK(client.run("FETCH 6 BINARY.PEEK[1]").no("UNKNOWN-CTE"));
    CHECK(client.run("FETCH 5 BINARY[1]").lines.back() == "* 5 FETCH (FLAGS (\\Seen))");
}

TEST_CASE_FIXTURE(Selected3, "fetch: what cannot be read is left out, and said") {
    deliver("INBOX", message_with("spoilt", std::string(100, 'z')));
    CHECK(client.run("NOOP").has("* 4 EXISTS"));
    disk->flip_bit_in_chunk();
    const Answer answer = client.run("FETCH 1:4 (UID BODY.PEEK[TEXT])");
    CHECK(answer.no("SERVERBUG"));
    CHECK(answer.lines.size() == 3);
    CHECK(client.run("NOOP").ok());
}

TEST_CASE_FIXTURE(Selected3, "store: modes, silence and keywords, RFC 9051 §6.4.6") {
    CHECK(client.run("STORE 1 +FLAGS (\\Flagged \\Seen)").lines ==
          Strings{"* 1 FETCH (FLAGS (\\Flagged \\Seen))"});
    CHECK(client.run("STORE 1 -FLAGS \\Seen").lines == Strings{"* 1 FETCH (FLAGS (\\Flagged))"});
    CHECK(client.run("STORE 1 -FLAGS \\Seen").lines == Strings{"* 1 FETCH (FLAGS (\\Flagged))"});
    CHECK(client.run("STORE 1 FLAGS.SILENT ()").text() == "OK STORE completed");
    CHECK(
        client.run("UID STORE 2 FLAGS ($New)").lines ==
        Strings{
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $New)",
            "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $New \\*)] flags that stay",
            "* 2 FETCH (UID 2 FLAGS ($New))"});
    CHECK(client.run("STORE 3 FLAGS ($new)").lines == Strings{"* 3 FETCH (FLAGS ($New))"});
    CHECK(client.run("STORE 1:3 FLAGS (\\Recent)").ok());
    CHECK(client.run("STORE 1 FLAGS (\\Nonsense)").bad());
    CHECK(client.run("FETCH 1:3 FLAGS").lines ==
          Strings{"* 1 FETCH (FLAGS ())", "* 2 FETCH (FLAGS ())", "* 3 FETCH (FLAGS ())"});
    std::string keywords;
    for (std::size_t i = 0; i < mailbox::keywords_max; ++i) keywords += " k" + std::to_string(i);
    CHECK(client.run("STORE 1 FLAGS (" + keywords.substr(1) + ")").no("LIMIT"));
}

TEST_CASE_FIXTURE(Selected3, "store: UNCHANGEDSINCE, RFC 7162 §3.1.3") {
    TestClient other(*this);
    CHECK(other.run("SELECT INBOX").ok());
    CHECK(other.run("STORE 2 +FLAGS (\\Flagged)").ok());  // 5
    const Answer answer = client.run("STORE 1:3 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\\Deleted)");
    CHECK(answer.lines == Strings{"* 1 FETCH (MODSEQ (6))", "* 3 FETCH (MODSEQ (6))",
                                  "* 2 FETCH (FLAGS (\\Flagged) MODSEQ (5))"});
    CHECK(answer.end.starts_with("OK [MODIFIED 2]"));
    CHECK(client.run("UID STORE 2 (UNCHANGEDSINCE 0) FLAGS ()").end.starts_with("OK [MODIFIED 2]"));
    CHECK(client.run("UID STORE 2 (UNCHANGEDSINCE 5) FLAGS ()").text() ==
          "* 2 FETCH (UID 2 FLAGS () MODSEQ (7))\nOK UID STORE completed");
    CHECK(other.run("NOOP").lines ==
          Strings{"* 1 FETCH (FLAGS (\\Deleted))", "* 2 FETCH (FLAGS ())", "* 3 FETCH (FLAGS (\\Deleted))"});
}

TEST_CASE_FIXTURE(Selected3, "copy, move and expunge: RFC 9051 §6.4.3, §6.4.7, §6.4.8, RFC 6851") {
    const Answer copied = client.run("COPY 1,3 Sent");
    CHECK(copied.lines.empty());
    CHECK(copied.end.contains(" 1,3 1:2] COPY completed"));
    CHECK(client.run("COPY 1 Nowhere").no("TRYCREATE"));
    CHECK(client.run("COPY 9 Sent").bad());
    const Answer here = client.run("COPY 2 INBOX");
    CHECK(here.lines == Strings{"* 4 EXISTS"});
    const Answer moved = client.run("UID MOVE 2,3 Trash");
    REQUIRE(moved.lines.size() == 3);
    CHECK(moved.lines[0].starts_with("* OK [COPYUID "));
    CHECK(moved.lines[0].contains(" 2:3 1:2]"));
    CHECK(moved.lines[1] == "* 3 EXPUNGE");
    CHECK(moved.lines[2] == "* 2 EXPUNGE");
    CHECK(client.run("MOVE 1 Nowhere").no("TRYCREATE"));
    CHECK(client.run("STORE 1:2 +FLAGS.SILENT (\\Deleted)").ok());
    CHECK(client.run("UID EXPUNGE 4").lines == Strings{"* 2 EXPUNGE"});
    CHECK(client.run("EXPUNGE").lines == Strings{"* 1 EXPUNGE"});
    CHECK(client.run("EXPUNGE").text() == "OK EXPUNGE completed");
}

TEST_CASE_FIXTURE(Selected3, "qresync: VANISHED instead of EXPUNGE, UID and MODSEQ in all, RFC 7162 §3.2") {
    CHECK(client.run("ENABLE QRESYNC").ok());
    TestClient other(*this);
    CHECK(other.run("SELECT INBOX").ok());
    CHECK(other.run("STORE 1,2 +FLAGS.SILENT (\\Deleted)").ok());
    CHECK(client.run("NOOP").lines == Strings{"* 1 FETCH (UID 1 FLAGS (\\Deleted) MODSEQ (5))",
                                              "* 2 FETCH (UID 2 FLAGS (\\Deleted) MODSEQ (5))"});
    CHECK(other.run("EXPUNGE").ok());
    CHECK(client.run("FETCH 1 UID").lines == Strings{"* 1 FETCH (UID 1)"});  // not told yet
    CHECK(client.run("NOOP").lines == Strings{"* VANISHED 1:2"});
    CHECK(client.run("UID FETCH 1:3 (UID) (CHANGEDSINCE 4 VANISHED)").lines ==
          Strings{"* VANISHED (EARLIER) 1:2"});
    CHECK(client.run("STORE 1 +FLAGS.SILENT (\\Deleted)").lines == Strings{"* 1 FETCH (UID 3 MODSEQ (7))"});
    CHECK(client.run("EXPUNGE").text() == "* VANISHED 3\nOK [HIGHESTMODSEQ 8] EXPUNGE completed");
}

TEST_CASE_FIXTURE(Selected3, "a silent STORE still tells what another session has changed, RFC 9051 §6.4.6") {
    TestClient other(*this);
    CHECK(other.run("SELECT INBOX").ok());
    CHECK(other.run("STORE 1,2 +FLAGS.SILENT (\\Flagged)").ok());
    CHECK(client.run("STORE 1,3 +FLAGS.SILENT (\\Seen)").lines ==
          Strings{"* 1 FETCH (FLAGS (\\Flagged \\Seen))", "* 2 FETCH (FLAGS (\\Flagged))"});
    CHECK(client.run("ENABLE CONDSTORE").ok());
    CHECK(other.run("STORE 1,2 -FLAGS.SILENT (\\Flagged)").ok());
    CHECK(client.run("STORE 1 -FLAGS.SILENT (\\Flagged)").lines ==
          Strings{"* 1 FETCH (MODSEQ (7))", "* 2 FETCH (FLAGS () MODSEQ (7))"});
    CHECK(client.run("NOOP").lines.empty());
}

TEST_CASE_FIXTURE(Selected3,
                  "two sessions: nothing shifts numbers during FETCH, STORE, SEARCH, RFC 9051 §7.5.1") {
    TestClient other(*this);
    CHECK(other.run("SELECT INBOX").ok());
    CHECK(other.run("STORE 1 +FLAGS (\\Deleted)").ok());
    CHECK(client.run("FETCH 1 UID").lines == Strings{"* 1 FETCH (UID 1)", "* 1 FETCH (FLAGS (\\Deleted))"});
    CHECK(other.run("EXPUNGE").lines == Strings{"* 1 EXPUNGE"});
    CHECK(client.run("FETCH 1 UID").lines == Strings{"* 1 FETCH (UID 1)"});
    const Answer stored = client.run("STORE 1:2 +FLAGS (\\Flagged)");
    CHECK(stored.lines == Strings{"* 2 FETCH (FLAGS (\\Flagged))"});
    CHECK(stored.no("EXPUNGEISSUED"));
    CHECK(client.run("STORE 1 +FLAGS.SILENT (\\Flagged)").no("EXPUNGEISSUED"));
    CHECK(client.run("STORE 2 +FLAGS.SILENT (\\Flagged)").ok());
    CHECK(client.run("STORE 1:2 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)").no("MODIFIED 2"));
    CHECK(client.run("SEARCH ALL").lines == Strings{"* SEARCH 1 2 3"});
    const Answer gone = client.run("FETCH 1:3 (UID BODY.PEEK[TEXT])");
    CHECK(gone.no("EXPUNGEISSUED"));
    CHECK(gone.lines.size() == 2);
    CHECK(client.run("UID FETCH 2 UID").lines.front() == "* 2 FETCH (UID 2)");
    CHECK(client.run("NOOP").count("EXPUNGE") == 0);  // told with UID FETCH
    CHECK(client.run("FETCH 1 (UID FLAGS)").lines == Strings{"* 1 FETCH (UID 2 FLAGS (\\Flagged))"});
}

TEST_CASE_FIXTURE(Selected3, "two sessions: COPY and MOVE of what is gone, RFC 2180 §4.4.1, RFC 5530 §3") {
    TestClient other(*this);
    CHECK(other.run("SELECT INBOX").ok());
    CHECK(other.run("STORE 1 +FLAGS.SILENT (\\Deleted)").ok());
    CHECK(other.run("EXPUNGE").ok());
    const Answer copied = client.run("COPY 1:2 Sent");
    CHECK(copied.no("EXPUNGEISSUED"));
    CHECK(copied.has("* 1 EXPUNGE"));
    CHECK(client.run("STATUS Sent (MESSAGES)").lines == Strings{"* STATUS Sent (MESSAGES 0)"});
    CHECK(client.run("COPY 1:2 Sent").ok());

    CHECK(other.run("STORE 1 +FLAGS.SILENT (\\Deleted)").ok());
    CHECK(other.run("EXPUNGE").ok());
    CHECK(client.run("FETCH 1 UID").ok());  // not told yet
    const Answer moved = client.run("MOVE 1:2 Trash");
    CHECK(moved.no("EXPUNGEISSUED"));
    CHECK(moved.lines.front().contains(" 3 1]"));
    CHECK(client.run("UID COPY 1:3 Sent").ok());
    CHECK(client.run("NOOP").lines.empty());
    CHECK(client.run("FETCH 1:* UID").lines.empty());
}

TEST_CASE("append: RFC 9051 §6.3.12, UIDPLUS, APPENDLIMIT") {
    TestServer server;
    TestClient client(server);
    const std::string message = message_with("appended");
    const std::string literal = "{" + std::to_string(message.size()) + "}";
    const Answer done =
        client.run("APPEND Sent (\\Seen) \"17-Jul-1996 02:44:25 -0700\" " + literal, {message + "\r\n"});
    CHECK(done.lines == Strings{"+ send the message"});
    CHECK(done.end.starts_with("OK [APPENDUID "));
    CHECK(done.end.ends_with(" 1] APPEND completed"));
    CHECK(client.run("SELECT Sent").has("* 1 EXISTS"));
    CHECK(client.run("FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])").lines ==
          Strings{"* 1 FETCH (FLAGS (\\Seen) INTERNALDATE \"17-Jul-1996 09:44:25 +0000\" BODY[] " + literal +
                  "\r\n" + message + ")"});
    const std::string plus = "{" + std::to_string(message.size()) + "+}\r\n";
    const Answer seen = client.run("APPEND Sent " + plus + message);
    CHECK(seen.lines == Strings{"* 2 EXISTS"});
    CHECK(client.run("APPEND Nowhere " + literal).no("TRYCREATE"));
    CHECK(client.run("APPEND Nowhere " + plus + message).no("TRYCREATE"));
    CHECK(client.run("APPEND Sent {1048577}").no("TOOBIG"));
    CHECK(client.run("APPEND Sent {1048577+}\r\n" + std::string(1048577, 'x')).no("TOOBIG"));
    CHECK(client.run("NOOP").ok());
    CHECK(client.run("APPEND Sent " + literal, {message + " rest\r\n"}).bad());
    CHECK(client.run("APPEND Sent (\\Nonsense) " + literal).bad());
    CHECK(client.run("STATUS Sent (MESSAGES)").lines == Strings{"* STATUS Sent (MESSAGES 2)"});
    server.disk->set_full(true);
    CHECK(client.run("APPEND Sent " + literal).no("UNAVAILABLE"));
}

TEST_CASE("append: NUL comes in no literal (RFC 9051 §9), and no literal8 without BINARY (RFC 3516 §4.3)") {
    TestServer server;
    TestClient client(server);
    const std::string message("Subject: x\r\n\r\na\0b\r\n", 19);
    CHECK(client.run("APPEND Sent {19}", {message + "\r\n"}).end == "BAD NUL in a literal");
    CHECK(client.run("APPEND Sent {19+}\r\n" + message).bad());
    const Answer binary = client.run("APPEND Sent ~{19}");
    CHECK(binary.no("UNKNOWN-CTE"));
    CHECK(binary.lines.empty());  // refused before it is sent
    CHECK(client.run("APPEND Sent ~{19+}\r\n" + message).no("UNKNOWN-CTE"));
    CHECK(client.run("STATUS Sent (MESSAGES)").lines == Strings{"* STATUS Sent (MESSAGES 0)"});
    server.deliver("Sent", message);  // as it may come by SMTP
    CHECK(client.run("SELECT Sent").ok());
    CHECK(client.run("FETCH 1 BODY.PEEK[]").lines == Strings{"* 1 FETCH (BODY[] {19}\r\n" + message + ")"});
}

TEST_CASE("append: OVERQUOTA before and after the octets") {
    TestServer server;
    server.login.quota_octets = 1000;
    TestClient client(server);
    const std::string message = message_with("x", std::string(500, 'y') + "\r\n");
    const std::string command = "APPEND INBOX {" + std::to_string(message.size()) + "}";
    CHECK(client.run(command, {message + "\r\n"}).ok());
    const Answer full = client.run(command);
    CHECK(full.no("OVERQUOTA"));
    CHECK(full.lines.empty());  // refused before it is sent
    CHECK(client.run("SELECT INBOX").ok());
    CHECK(client.run("COPY 1 Sent").no("OVERQUOTA"));
    CHECK(client.run("MOVE 1 Sent").ok());
}

TEST_CASE("fetch: 20,000 messages hold at most 1 MB for a client that does not read") {
    TestServer server;
    const std::string message = message_with("many", std::string(1000, 'y') + "\r\n");
    for (int i = 0; i < 10; ++i) server.deliver("INBOX", message, "()", 2000);
    TestClient client(server);
    CHECK(client.run("SELECT INBOX").has("* 20000 EXISTS"));
    client.pause();
    server.largest_write = 0;
    client.send("A FETCH 1:* (UID FLAGS BODY.PEEK[])\r\nB FETCH 1:* (UID FLAGS)\r\n");
    server.network.run_for(std::chrono::seconds(10));
    CHECK(server.largest_write > 0);
    CHECK(server.largest_write < (1U << 20));
    client.resume();
    const Answer all = client.until("A");
    CHECK(all.ok());
    CHECK(all.lines.size() == 20000);
    CHECK(all.lines.back().starts_with("* 20000 FETCH (UID 20000 FLAGS () BODY[] {"));
    CHECK(client.until("B").lines.size() == 20000);
    CHECK(server.largest_write < (1U << 20));

    // A client that never reads is cut off.
    client.pause();
    client.send("C FETCH 1:* (UID FLAGS BODY.PEEK[])\r\n");
    server.network.run_for(write_time_max + std::chrono::seconds(1));
    CHECK(server.sessions() == 0);
}

TEST_CASE("fetch: UID FETCH tells the UID with the flags that it sets, RFC 9051 §6.4.9") {
    TestServer server;
    server.deliver("INBOX", message_with("a"));
    TestClient client(server);
    CHECK(client.run("SELECT INBOX").ok());
    CHECK(client.run("UID FETCH 1 (BODY[TEXT])").has("* 1 FETCH (UID 1 FLAGS (\\Seen))"));
}

TEST_CASE("fetch: VANISHED (EARLIER) names nothing that the session still counts, RFC 7162 §3.2.6") {
    TestServer server;
    server.deliver("INBOX", message_with("a"), "()", 3);
    TestClient client(server);
    CHECK(client.run("ENABLE QRESYNC").ok());
    CHECK(client.run("SELECT INBOX").ok());
    TestClient other(server);
    CHECK(other.run("SELECT INBOX").ok());
    CHECK(other.run("STORE 2 +FLAGS (\\Deleted)").ok());
    CHECK(other.run("EXPUNGE").ok());
    const Answer answer = client.run("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)");
    CHECK(answer.count("VANISHED (EARLIER)") == 0);
    CHECK(answer.has("* VANISHED 2"));
    CHECK(client.run("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)").has("* VANISHED (EARLIER) 2"));
}

}  // namespace heliopost::imap_server
