// SEARCH RETURN (MIN), (MAX) and both: RFC 4731 §3.1, RFC 9051 §6.4.4.
#include <doctest/doctest.h>

#include "server/imap/search.h"
#include "server/imap/test_client.h"

namespace heliopost::imap_server {
namespace {

// 500 messages; 300, 301 and 400 have the word.
struct Needles : TestServer {
    Needles() {
        deliver("INBOX", message_with("hay"), "()", 299);
        deliver("INBOX", message_with("needle"), "(\\Flagged)", 2);
        deliver("INBOX", message_with("hay"), "()", 98);
        deliver("INBOX", message_with("needle"));
        deliver("INBOX", message_with("hay"), "(\\Seen)", 100);
    }
    struct Found {
        std::string numbers;
        std::size_t read = 0;
        std::size_t jobs = 0;
    };
    Found search(const std::string& key, Search::Ends ends) {
        const auto view = run(account()->view(mailbox::inbox)).value();
        const imap::UidSet saved;
        Cursor in(key);
        auto parsed = imap::parse_search_keys(in);
        auto program = SearchProgram::compile(parsed.value(), {view.get(), &saved, ""});
        const auto opened = account();
        Search search(*opened, *world, searches, view, std::move(program.value()),
                      [this] { return nobody_asks(); });
        const auto numbers = run(search.run(ends));
        Found out{{}, search.messages_read(), search.jobs()};
        numbers.value().for_each([&](std::uint32_t number) {
            out.numbers += (out.numbers.empty() ? "" : " ") + std::to_string(number);
        });
        return out;
    }
    net::Task<void> nobody_asks() { co_return; }
};

}  // namespace

TEST_CASE_FIXTURE(Needles,
                  "search: the first and the last match are found from their ends, and reading stops there") {
    struct Case {
        std::string key;
        Search::Ends ends;
        std::string numbers;
        std::size_t read_max;
    };
    const std::size_t all = 500;
    const std::size_t to_300 = 300 + search_emails_at_once;
    const std::size_t from_400 = 101 + search_emails_at_once;
    const Case cases[] = {
        {"SUBJECT needle", {}, "300 301 400", all},
        {"SUBJECT needle", {true, false}, "300", to_300},
        {"SUBJECT needle", {false, true}, "400", from_400},
        {"SUBJECT needle", {true, true}, "300 400", to_300 + from_400},
        {"SUBJECT hay", {true, false}, "1", 1},
        {"SUBJECT hay", {false, true}, "500", 1},
        {"SUBJECT hay", {true, true}, "1 500", 2},
        {"SUBJECT nothing", {true, true}, "", all},
        {"SEEN", {true, true}, "401 500", 0},
        {"300:301 SUBJECT needle", {false, true}, "301", 1},
        {"400 SUBJECT needle", {true, true}, "400", 1},
        // What the rows alone say bounds what is read: only below 300 could there be a smaller one.
        {"OR FLAGGED SUBJECT nothing", {true, false}, "300", 299},
        {"OR FLAGGED SUBJECT nothing", {false, true}, "301", 199},
        {"OR FLAGGED SUBJECT needle", {true, true}, "300 400", 299 + from_400},
    };
    for (const auto& [key, ends, numbers, read_max] : cases) {
        CAPTURE(key);
        CAPTURE(ends.first);
        CAPTURE(ends.last);
        const Found found = search(key, ends);
        CHECK(found.numbers == numbers);
        CHECK(found.read <= read_max);
    }
}

TEST_CASE_FIXTURE(Needles, "search: what MIN and MAX answer, save and give as MODSEQ") {
    TestClient client(*this);
    (void)client.run("SELECT INBOX");
    CHECK(client.run("UID SEARCH RETURN (MIN) SUBJECT needle").lines.front().ends_with(" UID MIN 300"));
    CHECK(client.run("SEARCH RETURN (MAX) SUBJECT needle").lines.front().ends_with(" MAX 400"));
    CHECK(client.run("SEARCH RETURN (MIN MAX) SUBJECT needle").lines.front().ends_with(" MIN 300 MAX 400"));
    CHECK(client.run("SEARCH RETURN (MIN COUNT) SUBJECT needle").lines.front().ends_with(" MIN 300 COUNT 3"));
    CHECK(client.run("SEARCH RETURN (MIN MAX ALL) SUBJECT needle")
              .lines.front()
              .ends_with(" MIN 300 MAX 400 ALL 300:301,400"));
    CHECK(client.run("SEARCH RETURN (MIN MAX) SUBJECT nothing").lines.front().ends_with(")"));
    CHECK(client.run("SEARCH RETURN (SAVE MAX) SUBJECT needle").ok());  // RFC 5182 §2.4: the one only
    CHECK(client.run("SEARCH RETURN (COUNT) $").lines.front().ends_with(" COUNT 1"));
    CHECK(
        client.run("SEARCH RETURN (MIN) MODSEQ 1 SUBJECT needle").lines.front().contains(" MIN 300 MODSEQ "));
}

TEST_CASE_FIXTURE(Needles, "search: no pool job looks at more than search_job_steps of rows and keys") {
    deliver("INBOX", message_with("hay"), "()", 1'500);
    std::string keys = "FLAGGED";
    constexpr std::size_t nodes = 901;
    for (std::size_t i = 2; i < nodes; i += 2) keys += " NOT SEEN";
    const Found found = search(keys, {});
    CHECK(found.numbers == "300 301");
    CHECK(found.jobs == 1 + 2'000 * nodes / search_job_steps);
}

TEST_CASE(
    "search: no pool job looks at more than search_job_octets of text and texts, or one of an envelope") {
    const auto texts = [](const std::string& key) {
        std::string keys = key + " needle";
        for (std::size_t i = 1; i < search_texts_max; ++i) keys += " NOT " + key + " hay" + std::to_string(i);
        return keys;
    };
    Needles mailbox;
    std::string to = "Subject: large\r\nTo: a@a.example";
    while (to.size() < 300'000) to += ",\r\n " + std::string(900, 'u') + "@a.example";
    mailbox.deliver("INBOX", to + ", needle@a.example\r\n\r\nbody\r\n");
    mailbox.deliver("INBOX", message_with("large", std::string(600'000, 'y') + "needle\r\n"));
    const Needles::Found by_envelope = mailbox.search("501 " + texts("TO"), {});
    CHECK(by_envelope.numbers == "501");
    CHECK(by_envelope.jobs >= search_texts_max * to.size() / (search_job_octets + to.size()));
    const Needles::Found by_body = mailbox.search("502 " + texts("BODY"), {});
    CHECK(by_body.numbers == "502");
    CHECK(by_body.jobs >= search_texts_max * 600'000 / search_job_octets);
}

}  // namespace heliopost::imap_server
