#include "proto/results/results.h"

#include <doctest/doctest.h>

#include "base/assert.h"

namespace heliopost::results {
namespace {

const Results whole{
    "mx.a.example",
    {{"spf", "pass", "", "192.0.2.7 meets \"ip4:192.0.2.0/24\"", {{"smtp", "mailfrom", "ann@b.example"}}},
     {"dkim",
      "fail",
      "rsa-sha256, 2048 bits",
      "",
      {{"header", "d", "b.example"}, {"header", "b", "Ab+/1234"}}},
     {"dmarc", "none", "", "", {}}}};

}  // namespace

TEST_CASE("results: the field, folded and quoted") {
    CHECK(write_field(whole) ==
          "Authentication-Results: mx.a.example;\r\n"
          "\tspf=pass reason=\"192.0.2.7 meets \\\"ip4:192.0.2.0/24\\\"\"\r\n"
          "\t smtp.mailfrom=ann@b.example;\r\n"
          "\tdkim=fail (rsa-sha256, 2048 bits) header.d=b.example\r\n"
          "\t header.b=\"Ab+/1234\";\r\n"
          "\tdmarc=none\r\n");
    CHECK(parse_results(write_value(whole)).value() == whole);
    CHECK(write_field({"a", {}}) == "Authentication-Results: a; none\r\n");
    CHECK(parse_results(" a; none").value() == Results{"a", {}});
}

TEST_CASE("results: what a peer said ends neither field nor comment") {
    const Results hostile{"mx.a.example",
                          {{"spf",
                            "pass",
                            "a) dmarc=pass (\\",
                            "x\"; dmarc=pass\r\nBcc: eve@evil.example",
                            {{"smtp", "mailfrom", "\"; dkim=pass header.d=bank.example"},
                             {"smtp", "helo", std::string("a\0b", 3)},
                             {"header", "from", "k\xc3\xb6ln@k\xc3\xb6ln.example"},
                             {"smtp", "mailfrom", "a b@c.example"},
                             {"header", "b", "\xff"}}}}};
    const std::string field = write_field(hostile);
    CHECK(field.find("\r\nBcc") == std::string::npos);
    const auto read = parse_results(field.substr(field.find(':') + 1));
    REQUIRE(read.has_value());
    ASSERT(read->methods.size() == 1);
    const Method& method = read->methods.front();
    CHECK(method.comment == "a) dmarc=pass (\\");
    CHECK(method.reason == "x\"; dmarc=pass??Bcc: eve@evil.example");
    CHECK(method.property("smtp", "mailfrom") == "\"; dkim=pass header.d=bank.example");
    CHECK(method.property("smtp", "helo") == "a?b");
    CHECK(method.property("header", "from") == "k\xc3\xb6ln@k\xc3\xb6ln.example");
    CHECK(method.properties.at(3).value == "a b@c.example");
    CHECK(field.find("\"a b\"@c.example") != std::string::npos);
    CHECK(method.property("header", "b") == "?");
    CHECK(method.property("header", "x").empty());
}

TEST_CASE("results: a long value is cut between characters") {
    std::string text(value_octets_max - 1, 'x');
    text += "\xc3\xb6y";
    const auto read = parse_results(write_value({"a", {{"dkim", "pass", "", text, {}}}}));
    REQUIRE(read.has_value());
    ASSERT(read->methods.size() == 1);
    CHECK(read->methods.front().reason == std::string(value_octets_max - 1, 'x'));
}

TEST_CASE("results: as others write them, RFC 8601 §2.2 and appendix B") {
    struct Case {
        std::string_view text, server, want;
    };
    const Case cases[] = {
        {" example.org 1; none", "example.org", ""},
        {"example.com;\r\n spf=pass smtp.mailfrom=example.net", "example.com",
         "spf pass mailfrom=example.net"},
        {"example.com; auth=pass (cleartext) smtp.auth=sender@example.net", "example.com",
         "auth pass auth=sender@example.net"},
        {"foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = (wait for it) "
         "fail\r\n"
         "      policy (A dot can go here) . (like that) expired\r\n    (this surprised me) = (as I wasn't "
         "expecting it) 1362471462",
         "foo.example.net", "dkim fail expired=1362471462"},
        {"\"mx.a.example\"; dkim=pass header.i=\"a b\"@c.example;", "mx.a.example",
         "dkim pass i=a b@c.example"},
        {"a; DKIM=Pass header.b=ab/cd=", "a", "dkim pass b=ab/cd="},
        {"a", "a", ""},
    };
    for (const auto& [text, server, want] : cases) {
        CAPTURE(text);
        const auto read = parse_results(text);
        REQUIRE(read.has_value());
        CHECK(read->server == server);
        std::string got;
        for (const Method& one : read->methods) {
            got += one.name + " " + one.verdict;
            for (const Property& property : one.properties) got += " " + property.name + "=" + property.value;
        }
        CHECK(got == want);
    }
    for (const std::string_view bad :
         {"", ";", "; spf=pass", "a b; spf=pass", "a; spf", "a; =pass", "a; spf=", "a; spf=pass x",
          "a; spf=pass x.=1", "a; spf=pass x=1", "a; none; spf=x="})
        CHECK_FALSE(parse_results(bad).has_value());
}

TEST_CASE("results: limits") {
    std::string methods = "a", properties = "a; spf=pass";
    for (size_t i = 0; i < methods_max; ++i) methods += "; spf=pass";
    for (size_t i = 0; i < properties_max; ++i) properties += " smtp.helo=b";
    CHECK(parse_results(methods).has_value());
    CHECK(parse_results(properties).has_value());
    CHECK(parse_results(methods + "; spf=pass").error().fault == Fault::too_large);
    CHECK(parse_results(properties + " smtp.helo=b").error().fault == Fault::too_large);
    CHECK(parse_results("a; " + std::string(results_octets_max, ' ')).error().fault == Fault::too_large);
}

TEST_CASE("results: every truncation is read or refused") {
    const std::string text = write_value(whole);
    for (size_t i = 0; i <= text.size(); ++i) {
        const auto read = parse_results(std::string_view(text).substr(0, i));
        if (read) CHECK(read->methods.size() <= whole.methods.size());
    }
}

TEST_CASE("results: which fields claim to be ours, RFC 8601 §5") {
    const std::vector<std::string> ours{"mx.a.example", "k\xc3\xb6ln.example"};
    for (const std::string_view forged :
         {" mx.a.example; spf=pass", "MX.A.Example.; none", "(hi) \"mx.a.example\" 1;",
          "xn--kln-sna.example; none", "mx.a.example", "", "; spf=pass", "(", "mx a.example; none"}) {
        CAPTURE(forged);
        CHECK(claims_to_be(forged, ours));
    }
    for (const std::string_view other : {"mx.b.example; spf=pass", "a.example; none", "xmx.a.example;"}) {
        CAPTURE(other);
        CHECK_FALSE(claims_to_be(other, ours));
    }
}

TEST_CASE("results: the fields of one server as one, RFC 8617 §4.1.1") {
    const std::string header =
        "Authentication-Results: a.example; arc=none;\r\n\tspf=pass\r\nAuthentication-Results: b.example; "
        "x=y\r\n"
        "authentication-results: A.example; dkim=pass;  \r\nFrom: x\r\n";
    CHECK(merged_value(header, "a.example") == "a.example; arc=none;\r\n\tspf=pass;\r\n\tdkim=pass");
    CHECK(merged_value(header, "c.example").empty());
}

}  // namespace heliopost::results
