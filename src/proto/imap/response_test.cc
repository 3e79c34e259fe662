#include "proto/imap/response.h"

#include <doctest/doctest.h>

#include <string>

namespace heliopost::imap {
namespace {

// Atoms bare, strings in <>, lists in (), for comparing.
std::string shown(const std::vector<Value>& values) {
    std::string out;
    for (const auto& value : values) {
        if (!out.empty()) out += ' ';
        switch (value.kind) {
            case Value::Kind::atom:
                out += value.text;
                break;
            case Value::Kind::string:
                out += "<" + value.text + ">";
                break;
            case Value::Kind::nil:
                out += "nil";
                break;
            case Value::Kind::list:
                out += "(" + shown(value.items) + ")";
                break;
        }
    }
    return out;
}

std::string shown(const Response& response) {
    std::string out = response.kind == Response::Kind::continuation ? "+"
                      : response.kind == Response::Kind::tagged     ? response.tag
                                                                    : "*";
    if (!response.status.empty()) out += " " + response.status;
    if (!response.code.empty()) out += " [" + shown(response.code) + "]";
    if (!response.text.empty()) out += " '" + response.text + "'";
    if (!response.values.empty()) out += " " + shown(response.values);
    return out;
}

struct Shown {
    std::string_view text;
    std::string_view want;
};
constexpr Shown responses[] = {
    {"* OK IMAP4rev2 Service Ready", "* OK 'IMAP4rev2 Service Ready'"},
    {"a1 ok [READ-WRITE] done", "a1 OK [READ-WRITE] 'done'"},
    {"a1 OK [COPYUID 38505 304,319:320 3956:3958] Done",
     "a1 OK [COPYUID 38505 304,319:320 3956:3958] 'Done'"},
    {"* OK [PERMANENTFLAGS (\\Deleted \\*)] Limited", "* OK [PERMANENTFLAGS (\\Deleted \\*)] 'Limited'"},
    {"* OK [oops", "* OK '[oops'"},
    {"* NO text {3}", "* NO 'text {3}'"},
    {"a BAD", "a BAD"},
    {"+ idling", "+ 'idling'"},
    {"+", "+"},
    {"+ ", "+"},
    {"* 12 EXISTS", "* 12 EXISTS"},
    {"* CAPABILITY IMAP4rev1 AUTH=PLAIN", "* CAPABILITY IMAP4rev1 AUTH=PLAIN"},
    {"* LIST (\\HasNoChildren) \"/\" INBOX", "* LIST (\\HasNoChildren) </> INBOX"},
    {"* SEARCH", "* SEARCH"},
    {"* ESEARCH (TAG \"A282\") MIN 2 COUNT 3", "* ESEARCH (TAG <A282>) MIN 2 COUNT 3"},
    {"* VANISHED (EARLIER) 41,43:116", "* VANISHED (EARLIER) 41,43:116"},
    {"* 1 FETCH (BODY[HEADER.FIELDS (DATE \"a b\")]<0> {3}\r\na\r\nFLAGS ())",
     ""},  // no blank after the literal
    {"* 1 FETCH (BODY[HEADER.FIELDS (DATE \"a b\")]<0> {3}\r\na\r\n FLAGS ())",
     "* 1 FETCH (BODY[HEADER.FIELDS (DATE \"a b\")]<0> <a\r\n> FLAGS ())"},
    {"* 1 FETCH (BODY ((\"a\" NIL)(\"b\" nil) \"mixed\"))", "* 1 FETCH (BODY ((<a> nil) (<b> nil) <mixed>))"},
    {"* 1 FETCH (BINARY[1] ~{1}\r\nx)", "* 1 FETCH (BINARY[1] <x>)"},
    {"* 1 FETCH (FLAGS (\\Seen)", ""},
    {"* 1 FETCH )", ""},
    {"*", ""},
    {"* ", ""},
    {"", ""},
    {"a1 FETCH", ""},
    {"* X {5}\r\nabc", ""},
    {"* X \"abc", ""},
};

}  // namespace

TEST_CASE("response: RFC 9051 §7; every truncation is no crash") {
    for (const auto& [text, want] : responses) {
        CAPTURE(text);
        const auto response = parse_response(text);
        CHECK((response ? shown(*response) : "") == want);
        size_t parsed = 0;
        for (size_t length = 0; length < text.size(); ++length)
            parsed += parse_response(text.substr(0, length)).has_value() ? 1 : 0;
        CHECK(parsed <= text.size());
    }
}

TEST_CASE("response reader: in chunks of every size") {
    std::string all;
    std::string wanted;
    for (const auto& [text, want] : responses) {
        if (want.empty()) continue;
        all += std::string(text) + "\r\n";
        wanted += std::string(want) + "\n";
    }
    for (size_t chunk = 1; chunk < 100; ++chunk) {
        ResponseReader reader;
        std::string got;
        for (size_t at = 0; at < all.size(); at += chunk) {
            reader.feed(std::string_view(all).substr(at, chunk));
            for (;;) {
                const auto response = reader.next();
                REQUIRE(response.has_value());
                const auto& one = *response;
                if (!one.has_value()) break;
                got += shown(*one) + "\n";
            }
        }
        CHECK(got == wanted);
    }
}

TEST_CASE("response reader: what is no response, and limits") {
    for (const std::string_view bad :
         {"* OK\n", "\r\n", "* X {99999999999}\r\n", "* X {99999999999999999999}\r\n"}) {
        CAPTURE(bad);
        ResponseReader reader;
        reader.feed(bad);
        CHECK_FALSE(reader.next().has_value());
    }
    const auto nested = [](size_t depth) { return "* " + std::string(depth, '(') + std::string(depth, ')'); };
    CHECK(parse_response(nested(response_depth_max)).has_value());
    CHECK_FALSE(parse_response(nested(response_depth_max + 2)).has_value());
    CHECK_FALSE(parse_response("* " + std::string(1'000'000, '(')).has_value());
}

TEST_CASE("response: looking up a pair") {
    const auto response = parse_response("* 7 FETCH (UID 9 FLAGS (\\Seen) X NIL)");
    REQUIRE(response.has_value());
    CHECK(response->values[0].number() == 7);
    CHECK(response->values[1].is("fetch"));
    const Value& list = response->values[2];
    CHECK(Response::find(list, "uid")->number() == 9);
    CHECK(Response::find(list, "FLAGS")->items.front().is("\\SEEN"));
    CHECK(Response::find(list, "BODY[]") == nullptr);
}

}  // namespace heliopost::imap
