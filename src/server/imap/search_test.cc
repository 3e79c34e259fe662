#include <doctest/doctest.h>

#include "base/base64.h"
#include "proto/mime/scanner.h"
#include "server/imap/search_message.h"
#include "server/imap/test_client.h"

namespace heliopost::imap_server {
namespace {

using Strings = std::vector<std::string>;

// Four messages of different kinds.
struct Mailbox : TestServer {
    Mailbox() {
        deliver("INBOX", message_with("afternoon meeting", "The Quick brown fox.\r\n"), "(\\Seen $Work)");
        deliver(
            "INBOX",
            "From: =?utf-8?q?J=C3=BCrgen?= <jurgen@b.example>\r\nTo: ann@a.example\r\nCc: carl@c.example\r\n"
            "Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nX-Spam: no\r\n"
            "Date: Sat, 1 Jan 2000 00:30:00 +0200\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=iso-8859-1\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\nStra=DFe und =\r\nBr=FCcke\r\n",
            "(\\Flagged)");
        deliver("INBOX",
                "From: bob@b.example\r\nSubject: pictures\r\nMIME-Version: 1.0\r\n"
                "Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n"
                "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                    to_base64("<p>\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82</p>") +
                    "\r\n--b\r\nContent-Type: image/png; name=\"holiday.png\"\r\n\r\nfox\r\n--b--\r\n",
                "(\\Deleted \\Answered)");
        deliver("INBOX", message_with("empty", ""), "(\\Draft)");
        client = std::make_unique<TestClient>(*this);
        (void)client->run("SELECT INBOX");
    }
    // The numbers, or how it ended.
    std::string search(std::string_view keys, Strings more = {}) {
        const Answer answer = client->run("SEARCH " + std::string(keys), std::move(more));
        for (const std::string& line : answer.lines)
            if (line.starts_with("* SEARCH")) return line.size() > 9 ? line.substr(9) : "";
        return answer.end;
    }
    std::unique_ptr<TestClient> client;
};

}  // namespace

TEST_CASE_FIXTURE(Mailbox, "search: every key of RFC 9051 §6.4.4") {
    struct Case {
        std::string_view keys;
        std::string_view found;
    };
    const Case cases[] = {
        {"ALL", "1 2 3 4"},
        {"OLD", "1 2 3 4"},
        {"NEW", ""},
        {"RECENT", ""},
        {"SEEN", "1"},
        {"UNSEEN", "2 3 4"},
        {"FLAGGED", "2"},
        {"UNFLAGGED", "1 3 4"},
        {"DELETED UNANSWERED", ""},
        {"ANSWERED", "3"},
        {"UNDELETED", "1 2 4"},
        {"DRAFT", "4"},
        {"UNDRAFT", "1 2 3"},
        {"KEYWORD $work", "1"},
        {"UNKEYWORD $Work", "2 3 4"},
        {"KEYWORD $Never", ""},
        {"UNKEYWORD $Never", "1 2 3 4"},
        {"2:3", "2 3"},
        {"*", "4"},
        {"UID 3:*", "3 4"},
        {"UID 100", ""},
        {"NOT 2", "1 3 4"},
        {"OR 1 4", "1 4"},
        {"OR (SEEN 1) (NOT (NOT 4))", "1 4"},
        {"LARGER 1", "1 2 3 4"},
        {"SMALLER 10", ""},
        {"BEFORE 23-Nov-2026", ""},
        {"ON 23-Nov-2026", "1 2 3 4"},
        {"SINCE 23-Nov-2026", "1 2 3 4"},
        {"SINCE 24-Nov-2026", ""},
        {"SENTON 1-Jan-2000", "2"},  // in the author's zone; in UTC it was still 1999
        {"SENTBEFORE 1-Jan-2000", "1 4"},
        {"SENTSINCE 7-Feb-1994", "1 2 4"},
        {"NOT SENTSINCE 1-Jan-1970", "3"},  // without a date it is neither before nor since
        {"FROM ANN", "1 4"},
        {"FROM a.example>", "1 4"},
        {"TO bob", "1 4"},
        {"CC carl", "2"},
        {"BCC carl", ""},
        {"SUBJECT AFTERNOON", "1"},
        {"HEADER Subject \"\"", "1 2 3 4"},
        {"HEADER X-Spam \"\"", "2"},
        {"HEADER x-spam NO", "2"},
        {"HEADER x-spam yes", ""},
        {"HEADER Cc \"\"", "2"},
        {"HEADER Message-ID 1@a", "1 4"},
        {"BODY fox", "1"},  // not the one within an image
        {"BODY QUICK", "1"},
        {"BODY \"\"", "1 2 3 4"},
        {"BODY Subject", ""},
        {"BODY preamble", ""},
        {"TEXT fox", "1"},
        {"TEXT afternoon", "1"},
        {"TEXT holiday.png", "3"},
        {"TEXT \"subject: pictures\"", "3"},
        {"NOT TEXT afternoon", "2 3 4"},
        {"SEEN BODY fox", "1"},
        {"OR BODY fox SUBJECT pictures", "1 3"},
        {"MODSEQ 0", "1 2 3 4 (MODSEQ 5)"},
    };
    for (const auto& [keys, found] : cases) {
        CAPTURE(keys);
        CHECK(search(keys) == found);
    }
}

TEST_CASE_FIXTURE(Mailbox, "search: other charsets in the message and in the command") {
    CHECK(search("CHARSET UTF-8 SUBJECT {6}", {"GR\xC3\x9C\xC3\x9F\r\n"}) == "2");
    CHECK(search("CHARSET UTF-8 BODY {11}", {"stra\xC3\x9F"
                                             "e und\r\n"}) == "2");  // a soft line break is none
    CHECK(search("CHARSET ISO-8859-1 BODY {6}", {"BR\xDC"
                                                 "CKE\r\n"}) == "2");
    CHECK(search("CHARSET KOI8-R BODY {6}", {"\xD0\xF2\xE9\xF7\xE5\xF4\r\n"}) == "3");
    CHECK(search("FROM {7}", {"j\xC3\xBCrgen\r\n"}) == "2");
    CHECK(search("CHARSET US-ASCII BODY fox") == "1");
    CHECK(search("CHARSET X-NOTHING ALL") == "NO [BADCHARSET (US-ASCII UTF-8)] this charset is not known");
    CHECK(search("CHARSET UTF-8 BODY {1}", {"\xFF\r\n"}).starts_with("BAD"));
}

TEST_CASE_FIXTURE(Mailbox, "search: RETURN gives ESEARCH, RFC 4731 §3") {
    CHECK(client->run("SEARCH RETURN (MIN MAX COUNT) UNSEEN").text() ==
          "* ESEARCH (TAG \"T3\") MIN 2 MAX 4 COUNT 3\nOK SEARCH completed");
    CHECK(client->run("SEARCH RETURN () 1,3:4").lines == Strings{"* ESEARCH (TAG \"T4\") ALL 1,3:4"});
    CHECK(client->run("UID SEARCH RETURN (ALL COUNT) DELETED").lines ==
          Strings{"* ESEARCH (TAG \"T5\") UID COUNT 1 ALL 3"});
    CHECK(client->run("SEARCH RETURN (MIN MAX ALL COUNT) NEW").lines ==
          Strings{"* ESEARCH (TAG \"T6\") COUNT 0"});
    CHECK(client->run("SEARCH RETURN (MIN) MODSEQ 2").lines ==
          Strings{"* ESEARCH (TAG \"T7\") MIN 1 MODSEQ 2"});
    CHECK(client->run("SEARCH RETURN (ALL) MODSEQ 2").lines ==
          Strings{"* ESEARCH (TAG \"T8\") ALL 1:4 MODSEQ 5"});
    CHECK(client->run("SEARCH RETURN (MIN) NEW MODSEQ 2").lines == Strings{"* ESEARCH (TAG \"T9\")"});
}

TEST_CASE_FIXTURE(Mailbox, "search: IMAP4rev2 always answers ESEARCH, RFC 9051 §6.4.4") {
    CHECK(client->run("ENABLE IMAP4rev2").ok());
    CHECK(client->run("SEARCH UNSEEN").lines == Strings{"* ESEARCH (TAG \"T4\") ALL 2:4"});
}

TEST_CASE_FIXTURE(Mailbox, "search: the saved result, RFC 5182 §2") {
    const auto saved = [this] { return search("$"); };
    CHECK(saved().empty());
    CHECK(client->run("SEARCH RETURN (SAVE) UNSEEN").lines.empty());
    CHECK(saved() == "2 3 4");
    CHECK(client->run("SEARCH RETURN (SAVE MIN) UNSEEN").lines == Strings{"* ESEARCH (TAG \"T6\") MIN 2"});
    CHECK(saved() == "2");
    CHECK(client->run("SEARCH RETURN (SAVE MIN MAX) ALL").ok());
    CHECK(saved() == "1 4");
    CHECK(client->run("SEARCH RETURN (SAVE MIN COUNT) ALL").ok());
    CHECK(saved() == "1 2 3 4");
    CHECK(client->run("SEARCH RETURN (SAVE) $ SEEN").ok());
    CHECK(saved() == "1");
    CHECK(client->run("FETCH $ (UID)").lines == Strings{"* 1 FETCH (UID 1)"});
    CHECK(client->run("UID FETCH $ (UID)").lines == Strings{"* 1 FETCH (UID 1)"});
    CHECK(client->run("SEARCH RETURN (SAVE) NOSUCHKEY").bad());
    CHECK(saved() == "1");  // a BAD leaves it
    CHECK(client->run("SEARCH RETURN (SAVE) CHARSET X-NOTHING ALL").end.starts_with("NO"));
    CHECK(saved().empty());  // a NO empties it
    CHECK(client->run("SEARCH RETURN (SAVE) ALL").ok());
    CHECK(client->run("EXPUNGE").has("* 3 EXPUNGE"));
    CHECK(saved() == "1 2 3");  // what is expunged goes from it
    CHECK(client->run("SELECT INBOX").ok());
    CHECK(saved().empty());
}

TEST_CASE_FIXTURE(Mailbox, "search: limits and wrong numbers") {
    CHECK(search("5").starts_with("BAD"));
    CHECK(search("1:5").starts_with("BAD"));
    CHECK(
        search("BODY {" + std::to_string(search_text_octets_max + 1) + "}", {std::string(4097, 'x') + "\r\n"})
            .starts_with("NO [LIMIT]"));
    std::string keys;
    for (std::size_t i = 0; i < imap::search_depth_max + 1; ++i) keys += "NOT ";
    CHECK(search(keys + "SEEN").starts_with("BAD"));
    CHECK(search(keys.substr(4) + "SEEN") == "1");
    std::string many;
    for (std::size_t i = 0; i <= search_texts_max; ++i)
        many += (i > 0 ? " TEXT t" : "TEXT t") + std::to_string(i);
    CHECK(search(many).starts_with("NO [LIMIT]"));
}

TEST_CASE("search: large bodies are found wherever the text stands, and cut in any way") {
    std::string body;
    while (body.size() < 700'000) body += "nothing to see in this line of text at all\r\n";
    for (const std::size_t at : {std::size_t{0}, std::size_t{262'000}, std::size_t{500'000}, body.size()}) {
        CAPTURE(at);
        std::string whole = body;
        whole.insert(at,
                     "N\xC3\x84"
                     "DEL");
        const std::string text = "Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + whole;
        mime::Scanner scanner;
        scanner.feed(text);
        auto email = std::make_shared<mailbox::Email>();
        email->structure = std::make_shared<const mime::Structure>(scanner.finish());
        email->blob.octets = text.size();
        mailbox::View view({}, {}, {}, {});
        imap::UidSet saved;
        for (const std::size_t piece : {std::size_t{7919}, std::size_t{262'144}}) {
            const imap::SearchKey key{
                imap::search::BodyText{"n\xC3\xA4"
                                       "del"}};
            auto program = SearchProgram::compile(key, {&view, &saved, ""});
            REQUIRE(program.has_value());
            const mailbox::Row row;
            SearchMessage message(std::make_shared<const SearchProgram>(*std::move(program)), &row, 1, email);
            while (!message.envelope_done()) message.look_at_envelope(1);
            CHECK(message.truth() == Truth::unknown);
            while (const auto range = message.next_range()) {
                CHECK(range->octets() <= search_piece_octets);
                message.feed(std::string_view(text).substr(range->begin,
                                                           std::min<std::uint64_t>(range->octets(), piece)));
            }
            CHECK(message.truth() == Truth::yes);
        }
    }
}

TEST_CASE("search: folding and finding") {
    CHECK(folded("ABC\xC3\x84\xD0\x9F\xCE\xA3") == "abc\xC3\xA4\xD0\xBF\xCF\x83");
    CHECK(folded("a\xFF"
                 "B") ==
          "a\xFF"
          "b");
    CHECK(folded(std::string(1000, 'A')) == std::string(1000, 'a'));
    const std::vector<std::string> texts{"needle", "x"};
    for (std::size_t cut = 0; cut <= 12; ++cut) {
        TextFinder finder(texts, 3);
        const std::string_view text = "...NEEDLE...";
        finder.feed(text.substr(0, cut));
        finder.feed(text.substr(cut));
        CHECK(finder.found() == 1);
        CHECK_FALSE(finder.done());
    }
}

TEST_CASE_FIXTURE(Mailbox, "search: expunges by another session are not told during SEARCH") {
    TestClient other(*this);
    CHECK(other.run("SELECT INBOX").ok());
    CHECK(other.run("EXPUNGE").ok());
    const Answer found = client->run("SEARCH ALL");
    CHECK(found.lines == Strings{"* SEARCH 1 2 3 4"});
    CHECK(client->run("SEARCH BODY fox").lines == Strings{"* SEARCH 1"});
    CHECK(client->run("NOOP").lines == Strings{"* 3 EXPUNGE"});
    CHECK(client->run("SEARCH ALL").lines == Strings{"* SEARCH 1 2 3"});
}

TEST_CASE_FIXTURE(Mailbox, "search: ends when the client is gone") {
    deliver("INBOX", message_with("many", std::string(200'000, 'y')), "()", 500);
    (void)client->run("NOOP");
    largest_write = 0;
    client->send_and_close("A SEARCH BODY nowhere\r\n");
    network.run_until([this] { return sessions() == 0; }, std::chrono::seconds(1));
    CHECK(sessions() == 0);
    CHECK(largest_write == 0);  // it came to no answer
}

}  // namespace heliopost::imap_server
