// IMAP commands, made from their grammar: each gets one tagged response, in order, until the session ends;
// every response is readable, and there is not more of them than the messages can explain.
//
// An input is a first octet, which says how the octets are cut and whether the client has logged in, and
// lines: a command each, whose tag we add. "{text}" in a line is a literal; IDLE gets its DONE; a line behind
// "@" is another session's, one behind ">" has no tag: an answer to "+ ".
// UIDV is the inbox's UIDVALIDITY.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/fuzz_lines.h"
#include "server/imap/test_client.h"

namespace {

using namespace heliopost;
using namespace heliopost::imap_server;

constexpr std::string_view commands[] = {
    "SELECT `",
    "EXAMINE ` (CONDSTORE)",
    "SELECT INBOX (QRESYNC (UIDV ` ` (` `)))",
    "FETCH ` `",
    "UID FETCH ` (` ` `)",
    "UID FETCH ` FLAGS (CHANGEDSINCE ` VANISHED)",
    "FETCH ` (FLAGS MODSEQ) (CHANGEDSINCE `)",
    "STORE ` FLAGS `",
    "UID STORE ` +FLAGS.SILENT `",
    "STORE ` (UNCHANGEDSINCE `) -FLAGS `",
    "SEARCH `",
    "UID SEARCH RETURN (`) ` `",
    "SEARCH RETURN (SAVE) `",
    "SEARCH CHARSET UTF-8 OR ` NOT `",
    "COPY ` `",
    "UID MOVE ` `",
    "EXPUNGE",
    "UID EXPUNGE `",
    "APPEND ` {Subject: x\r\n\r\nworld\r\n}",
    "APPEND ` (`) \"23-Nov-2026 08:15:30 +0100\" ~{a}",
    "LIST \"\" `",
    "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (` `) RETURN (CHILDREN STATUS (`))",
    "LIST (SPECIAL-USE) ` * RETURN (SUBSCRIBED)",
    "LSUB \"\" `",
    "STATUS ` (`)",
    "CREATE `",
    "CREATE ` (USE (\\Archive))",
    "DELETE `",
    "RENAME ` `",
    "SUBSCRIBE `",
    "UNSUBSCRIBE `",
    "CLOSE",
    "UNSELECT",
    "CHECK",
    "NOOP",
    "IDLE",
    "ENABLE `",
    "CAPABILITY",
    "NAMESPACE",
    "ID (\"name\" \"x\")",
    "ID NIL",
    "LOGIN ann@a.example secret",
    "LOGIN {ann@a.example} {wrong}",
    "AUTHENTICATE PLAIN AGFubkBhLmV4YW1wbGUAc2VjcmV0",
    "AUTHENTICATE X",
    "LOGOUT",
    "STARTTLS",
    "`",
    "@STORE ` +FLAGS (\\Deleted)",
    "@EXPUNGE",
    "@APPEND INBOX {new}",
    "@UID MOVE ` Trash",
};

constexpr std::string_view words[] = {
    "1",
    "2:4",
    "*",
    "1:*",
    "3,1",
    "$",
    "4294967295",
    "0",
    "INBOX",
    "Sent",
    "a",
    "a/b",
    "{a}",
    "\"b c\"",
    "&AOQ-",
    "inbox/x",
    "%",
    "*",
    "FLAGS",
    "ALL",
    "FULL",
    "ENVELOPE",
    "BODYSTRUCTURE",
    "BODY",
    "UID",
    "INTERNALDATE",
    "RFC822.SIZE",
    "RFC822",
    "RFC822.HEADER",
    "RFC822.TEXT",
    "MODSEQ",
    "EMAILID",
    "THREADID",
    "BODY[]",
    "BODY.PEEK[HEADER]",
    "BODY[TEXT]<3.5>",
    "BODY[1]",
    "BODY[2.1.HEADER]",
    "BODY[1.MIME]",
    "BODY[HEADER.FIELDS (SUBJECT X-A)]",
    "BODY[HEADER.FIELDS.NOT (TO)]",
    "BINARY[2]",
    "BINARY.PEEK[]<0.4>",
    "BINARY.SIZE[2]",
    "BODY[9]",
    "(\\Seen \\Deleted)",
    "\\Flagged",
    "($New $Junk)",
    "()",
    "SEEN",
    "UNDELETED",
    "KEYWORD $New",
    "SUBJECT nested",
    "HEADER X-A b",
    "BODY hello",
    "TEXT {world}",
    "SINCE 1-Jan-2020",
    "SENTBEFORE 1-Jan-2030",
    "LARGER 20",
    "SMALLER 90",
    "UID 1:2",
    "MODSEQ 2",
    "(SEEN 1)",
    "MIN",
    "MAX COUNT",
    "ALL SAVE",
    "MESSAGES UNSEEN",
    "UIDNEXT SIZE HIGHESTMODSEQ",
    "QRESYNC",
    "CONDSTORE IMAP4rev2",
    "5",
    "1",
    "99",
    "(1 1)",
    "{}",
};

std::string a_line(fuzz::Random& random) {
    return fuzz::fill(random, std::string(fuzz::one_of(random, commands)), words);
}

const std::string nested =
    "Subject: nested\r\nX-A: b\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
    "boundary=b\r\n\r\n--b\r\n"
    "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nworld\r\n--b\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n";

// Each "{text}" as a literal that waits for nobody; what would end a line otherwise is made harmless.
std::string with_literals(std::string_view line) {
    std::string out;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t close = line[at] == '{' ? line.find('}', at) : std::string_view::npos;
        if (close != std::string_view::npos) {
            const std::string_view text = line.substr(at + 1, close - at - 1);
            out += '{' + std::to_string(text.size()) + "+}\r\n" + std::string(text);
            at = close + 1;
        } else {
            const auto c = static_cast<unsigned char>(line[at++]);
            out += c < ' ' || c == 0x7F ? '?' : static_cast<char>(c);
        }
    }
    return out;
}

void must(bool holds) {
    if (!holds) std::abort();
}

// What comes until the last of the tags was answered, or the session has ended.
struct Heard {
    bool dialogue = false;  // an AUTHENTICATE: a line may have been taken for its answer
    std::size_t answered = 0;
    std::size_t octets = 0;

    bool is_answer(const std::string& response) const {
        return response.starts_with('A' + std::to_string(answered) + ' ');
    }
    void take(TestClient& client, std::size_t sent) {
        while (answered < sent) {
            const std::string response = client.next();
            if (response.empty()) return;
            octets += response.size();
            if (response.starts_with("* ") || response.starts_with("+ ")) continue;
            if (response.starts_with("DONE BAD ")) continue;  // of an IDLE that was refused
            const std::size_t before = answered++;            // the next tag, and no other
            while (dialogue && answered < sent && !is_answer(response)) ++answered;
            if (!is_answer(response) && dialogue)
                answered = before;  // the tag of an answer that nobody had asked for
            else
                must(is_answer(response));
        }
    }
};

constexpr std::size_t input_octets_bound = 3'000;
constexpr std::size_t lines_bound = 40;
constexpr std::size_t answer_octets_bound = 64 * 1024;  // of one command about a few small messages

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(std::uint8_t* data, size_t size, size_t size_max, unsigned seed) {
    return fuzz::mutate_lines(data, size, size_max, seed, a_line);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size < 2 || size > input_octets_bound) return 0;
    TestServer server;
    server.deliver("INBOX", message_with("one"), "(\\Seen)");
    server.deliver("INBOX", nested, "(\\Deleted $New)");
    server.deliver("INBOX", message_with("three"));
    const auto view = server.run(server.account()->view(mailbox::inbox));
    must(view.has_value());
    const std::string validity = std::to_string((*view)->status().uid_validity.value);
    const std::size_t step = data[0] % 8;  // 0: all at once
    TestClient client(server, data[0] % 16 < 12 ? TestClient::Begin::logged_in : TestClient::Begin::greeted);
    TestClient other(server);
    must(other.run("SELECT INBOX").ok());
    std::string waiting = data[0] % 16 < 8 ? "A1 SELECT INBOX\r\n" : "A1 NOOP\r\n";
    std::size_t sent = 1;
    Heard heard;
    const auto lines = split({reinterpret_cast<const char*>(data) + 1, size - 1}, '\n');
    for (std::size_t i = 0; i < std::min(lines.size(), lines_bound); ++i) {
        if (lines[i].starts_with('@')) {
            (void)other.run(with_literals(lines[i].substr(1)));
            continue;
        }
        // An answer to "+ ", which has no tag.
        const bool tagged = !lines[i].starts_with('>');
        heard.dialogue = heard.dialogue || !tagged || to_upper(lines[i]).contains("AUTHENTICATE");
        if (tagged) waiting += 'A' + std::to_string(++sent) + ' ';
        std::string text = with_literals(lines[i].substr(tagged ? 0 : 1));
        if (const std::size_t at = text.find("UIDV "); at != std::string::npos) text.replace(at, 4, validity);
        waiting += text + "\r\n";
        if (lines[i] == "IDLE") waiting += "DONE\r\n";
        if (step == 0) continue;
        for (std::size_t at = 0; at < waiting.size(); at += step * 5) {
            client.send(std::string_view(waiting).substr(at, step * 5));
            server.network.run_for(std::chrono::milliseconds(1));
        }
        waiting.clear();
        if (step % 2 == 0) heard.take(client, sent);
    }
    client.send(waiting);
    heard.take(client, sent);
    must(heard.answered == sent || client.closed() || heard.dialogue);
    must(heard.octets <= sent * answer_octets_bound);
    // Another session of the account must have been left alone, whatever became of its mailbox.
    TestClient after(server);
    must(after.run("STATUS INBOX (MESSAGES)").ok());
    return 0;
}
