#include "proto/dmarc/author.h"

#include <doctest/doctest.h>

#include "base/assert.h"

namespace heliopost::dmarc {

TEST_CASE("author: the domain in From, RFC 9989 §5.3.1") {
    struct Case {
        std::string_view value, domain;
    };
    const Case cases[] = {
        {"Ann <ann@Bank.Example>", "bank.example"},
        {"ann@bank.example", "bank.example"},
        {"ann@bank.example.", "bank.example"},
        {"\"Bank, the\" <\"a@evil.example\"@bank.example>", "bank.example"},
        {"a@bank.example, b@BANK.example", "bank.example"},
        {"Team: a@bank.example, b@bank.example;", "bank.example"},
        {"Ann <ann@k\xc3\xb6ln.example>", "xn--kln-sna.example"},
        {"Ann <ann@xn--kln-sna.example>", "xn--kln-sna.example"},
        {"Ann (a comment, <b@c>) <ann@bank.example>", "bank.example"},
        {"=?utf-8?q?Ann?=\r\n <ann@bank.example>", "bank.example"},
        {"Doe, John <ann@bank.example>", "bank.example"},
        {"ann@localhost", "localhost"},
    };
    for (const auto& [value, domain] : cases) {
        CAPTURE(value);
        const Author author = read_author("To: x\r\nfrom : " + std::string(value) + "\r\nX: y\r\n");
        CHECK(author.problem == AuthorProblem::none);
        CHECK(author.domain == domain);
    }
}

TEST_CASE("author: a body and an mbox line hide no From") {
    CHECK(read_author("From b@c.example Mon Nov 23 21:36:44 2026\r\nFrom: a@bank.example\r\n\r\nFrom\r\n")
              .domain == "bank.example");
}

TEST_CASE("author: a From that shows more than one thing has none") {
    struct Case {
        std::string header;
        AuthorProblem problem;
    };
    const Case cases[] = {
        {"To: a@b.example\r\n", AuthorProblem::missing},
        {"", AuthorProblem::missing},
        {"From: a@bank.example\r\nFrom: b@evil.example\r\n", AuthorProblem::several_fields},
        {"From: a@bank.example\r\nX: y\r\nFROM : a@bank.example\r\n", AuthorProblem::several_fields},
        {"From:\r\n", AuthorProblem::no_address},
        {"From: undisclosed:;\r\n", AuthorProblem::no_address},
        {"From: =?utf-8?q?service=40bank=2Eexample?=\r\n", AuthorProblem::no_address},
        {"From: Bank\r\n", AuthorProblem::no_address},
        {"From: a@bank.example, b@evil.example\r\n", AuthorProblem::several_domains},
        {"From: a@bank.example: b@evil.example;\r\n", AuthorProblem::several_domains},
        {"From: G: a@bank.example;, b@evil.example\r\n", AuthorProblem::several_domains},
        {std::string("From: a@bank.example\0<b@evil.example>\r\n", 39), AuthorProblem::malformed},
        {std::string("From:\0 a@bank.example\r\n", 23), AuthorProblem::malformed},
        {"From: a@bank.example\r<b@evil.example>\r\n", AuthorProblem::malformed},
        {"From: a@bank_.exam ple..\r\n", AuthorProblem::malformed},
        {"From: a@\xff.example\r\n", AuthorProblem::malformed},
        {"From: a@[192.0.2.1]\r\n", AuthorProblem::literal},
        {std::string("From\0: a@bank.example\r\nFrom: b@evil.example\r\n", 46),
         AuthorProblem::several_fields},
        {"From: b@evil.example\r\nFrom\r\n : a@bank.example\r\n", AuthorProblem::several_fields},
        {"From: b@evil.example\r\nFr\x80om : a@bank.example\r\n\r\n", AuthorProblem::several_fields},
    };
    for (const auto& [header, problem] : cases) {
        CAPTURE(header);
        const Author author = read_author(header);
        CHECK(static_cast<int>(author.problem) == static_cast<int>(problem));
        CHECK(author.domain.empty() == (problem != AuthorProblem::none));
        CHECK(author.reason.empty() == (problem == AuthorProblem::none));
    }
}

TEST_CASE("author: what only looks like an address is warned of") {
    struct Case {
        std::string_view value, warning;
    };
    const Case cases[] = {
        {"\"service@bank.example\" <x@evil.example>", "the name shows the domain bank.example"},
        {"service@bank.example <x@evil.example>", "the name shows the domain bank.example"},
        {"=?utf-8?q?service=40bank=2Eexample?= <x@evil.example>", "the name shows the domain bank.example"},
        {"x@evil.example (service@bank.example)", "the name shows the domain bank.example"},
        {"<@bank.example:x@evil.example>", "a source route shows the domain bank.example"},
        {"\"service@bank.example\"@evil.example", "the local part shows the domain bank.example"},
        {"\"service@bank.example\": x@evil.example;", "From is a group"},
        {"Bank, service <x@evil.example>", "From has an entry without a domain"},
    };
    for (const auto& [value, warning] : cases) {
        CAPTURE(value);
        const Author author = read_author("From: " + std::string(value) + "\r\n");
        CHECK(author.domain == "evil.example");
        ASSERT(!author.warnings.empty());
        CHECK(author.warnings.front() == warning);
    }
    CHECK(read_author("From: \"ann@mail.bank.example\" <ann@bank.example>\r\n").warnings.empty());
    CHECK(read_author("From: Ann @ home <ann@bank.example>\r\n").warnings.empty());
}

TEST_CASE("author: limits") {
    std::string many = "From: a@a.example", shown = "From: \"";
    for (size_t i = 1; i < author_addresses_max; ++i) many += ",a@a.example";
    CHECK(read_author(many + "\r\n").domain == "a.example");
    CHECK(read_author(many + ",a@a.example\r\n").problem == AuthorProblem::too_many);
    for (size_t i = 0; i < 100'000; ++i) shown += "@b" + std::to_string(i) + ".example";
    CHECK(read_author(shown + "\" <a@a.example>\r\n").warnings.size() == author_warnings_max);
    const std::string whole = "From: \"x@b.example\" (y) <\"a b\"@a.example>, G: c@a.example;\r\n";
    for (size_t i = 0; i <= whole.size(); ++i)
        CHECK(read_author(std::string_view(whole).substr(0, i)).warnings.size() <= 4);
}

}  // namespace heliopost::dmarc
