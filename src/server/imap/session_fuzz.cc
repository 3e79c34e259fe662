// Whatever a client says after its login, the session answers or hangs up: it neither crashes nor hangs, and
// every response is readable to our own client side.
//
// An input is lines; a byte of the words below stands for a word of the dictionary, so that mutations make
// commands rather than noise; others are taken as they are. 0xFF begins a new line with its own tag.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "server/imap/test_client.h"

namespace {

using namespace heliopost;
using namespace heliopost::imap_server;

constexpr const char* words[] = {"SELECT INBOX",
                                 "EXAMINE Sent",
                                 "FETCH ",
                                 "UID ",
                                 "STORE ",
                                 "SEARCH ",
                                 "COPY ",
                                 "MOVE ",
                                 "EXPUNGE",
                                 "APPEND INBOX {5+}\r\nHello",
                                 "APPEND Sent (\\Seen) {300}\r\n",
                                 "LIST \"\" ",
                                 "LSUB \"\" *",
                                 "STATUS INBOX ",
                                 "CREATE a/b",
                                 "DELETE a/b",
                                 "RENAME a b",
                                 "RENAME INBOX c",
                                 "SUBSCRIBE a",
                                 "CLOSE",
                                 "UNSELECT",
                                 "NOOP",
                                 "IDLE\r\nDONE",
                                 "ENABLE QRESYNC",
                                 "ENABLE CONDSTORE IMAP4rev2",
                                 "1:*",
                                 "$",
                                 " 1,3 ",
                                 " 2:4 ",
                                 "*",
                                 "FLAGS",
                                 "+FLAGS",
                                 "-FLAGS.SILENT",
                                 " (\\Deleted \\Seen)",
                                 " ($New)",
                                 "BODY[",
                                 "BODY.PEEK[",
                                 "BINARY[",
                                 "BINARY.SIZE[",
                                 "HEADER.FIELDS (SUBJECT TO)",
                                 "TEXT",
                                 "MIME",
                                 "1",
                                 ".2",
                                 "]",
                                 "<0.10>",
                                 "ENVELOPE",
                                 "BODYSTRUCTURE",
                                 "RFC822",
                                 "INTERNALDATE",
                                 "MODSEQ",
                                 " (CHANGEDSINCE 3)",
                                 " (CHANGEDSINCE 2 VANISHED)",
                                 " (UNCHANGEDSINCE 4)",
                                 " (QRESYNC (1 1 1:4))",
                                 "RETURN (SAVE) ",
                                 "RETURN (MIN MAX COUNT ALL) ",
                                 "NOT ",
                                 "OR ",
                                 "BODY hello ",
                                 "TEXT world ",
                                 "SUBJECT \"\" ",
                                 "HEADER X-A b ",
                                 "SENTSINCE 1-Jan-2000 ",
                                 "LARGER 100 ",
                                 "UNSEEN ",
                                 "KEYWORD $New ",
                                 "MODSEQ 3 ",
                                 "CHARSET UTF-8 ",
                                 "(MESSAGES UNSEEN HIGHESTMODSEQ)",
                                 "(",
                                 ")",
                                 " ",
                                 " RETURN (STATUS (MESSAGES))",
                                 "(SUBSCRIBED RECURSIVEMATCH) ",
                                 " Sent",
                                 " Trash",
                                 "{3}\r\nabc",
                                 "{2+}\r\nab",
                                 "LOGOUT",
                                 "STARTTLS",
                                 "CAPABILITY",
                                 "ID NIL",
                                 "NAMESPACE",
                                 "AUTHENTICATE PLAIN\r\n*",
                                 "EXPUNGE 1:3"};
constexpr std::size_t word_count = std::size(words);
static_assert(word_count < 0x7F);

std::string dialogue(const std::uint8_t* data, std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        if (data[i] == 0xFF) {
            text += "\r\nA" + std::to_string(i) + ' ';
        } else if (data[i] >= 0x80 && data[i] - 0x80 < static_cast<int>(word_count)) {
            text += words[data[i] - 0x80];
        } else {
            text += static_cast<char>(data[i]);
        }
    }
    return text;
}

const std::string nested =
    "Subject: nested\r\nX-A: b\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
    "boundary=b\r\n\r\n--b\r\n"
    "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nworld\r\n--b\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t input_octets_max = 2000;
    if (size > input_octets_max) return 0;
    TestServer server;
    server.deliver("INBOX", message_with("one"), "(\\Seen)");
    server.deliver("INBOX", nested, "(\\Deleted $New)");
    server.deliver("INBOX", message_with("three"));
    TestClient client(server);
    TestClient other(server);
    if (!client.run("SELECT INBOX").ok() || !other.run("SELECT INBOX").ok()) std::abort();
    client.send(dialogue(data, size) + "\r\n");
    server.network.run_for(std::chrono::seconds(1));
    (void)other.run("STORE 1 +FLAGS (\\Deleted)");
    (void)other.run("EXPUNGE");
    client.send("\r\nEND NOOP\r\n");
    while (!client.next().empty()) {
    }
    // Another session of the account must have been left alone, whatever became of its mailbox.
    TestClient after(server);
    if (!after.run("STATUS INBOX (MESSAGES)").ok()) std::abort();
    return 0;
}
