#include "proto/mime/address.h"

#include <doctest/doctest.h>

namespace heliopost::mime {
namespace {

// name|route|mailbox|host, groups as "name:" and ";", comments in parentheses.
std::string show(const std::vector<Address>& list) {
    std::string text;
    for (const Address& address : list) {
        if (!text.empty()) text += " ";
        if (address.kind == AddressKind::group_end) {
            text += ";";
            continue;
        }
        text += address.name;
        if (!address.comment.empty()) text += "(" + address.comment + ")";
        if (address.kind == AddressKind::group_begin) {
            text += ":";
        } else {
            text += "|" + address.route + "|" + address.mailbox + "|" + address.host;
        }
    }
    return text;
}

}  // namespace

TEST_CASE("address list: RFC 5322 §3.4 and §A, RFC 6532") {
    struct Case {
        std::string_view value;
        std::string_view want;
    };
    const Case cases[] = {
        {"", ""},
        {"jdoe@machine.example", "||jdoe|machine.example"},
        {"John Doe <jdoe@machine.example>", "John Doe||jdoe|machine.example"},
        {"\"Joe Q. Public\" <john.q.public@example.com>", "Joe Q. Public||john.q.public|example.com"},
        {"Joe Q. Public <j@a>", "Joe Q. Public||j|a"},
        {"Mary <m@x>, jdoe@example.org, Who? <one@y.test>", "Mary||m|x ||jdoe|example.org Who?||one|y.test"},
        {"<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <s@e>", "||boss|nil.test Giant; \"Big\" Box||s|e"},
        {"A Group:Ed Jones <c@a.test>,joe@where.test;", "A Group: Ed Jones||c|a.test ||joe|where.test ;"},
        {"Undisclosed recipients:;", "Undisclosed recipients: ;"},
        {"Undisclosed recipients:", "Undisclosed recipients: ;"},
        {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
         "Pete(A nice ) chap his account his host)||pete|silly.test"},
        {"ann@a.example (Ann (really) Lee)", "Ann (really) Lee||ann|a.example"},
        {"Mary Smith <@node.test,@b.test:mary@example.net>, , jdoe@test  . example",
         "Mary Smith|@node.test,@b.test|mary|example.net ||jdoe|test.example"},
        {"John Doe <jdoe@machine(comment).  example>", "John Doe(comment)||jdoe|machine.example"},
        {"\"a@b\"@c.example", "||a@b|c.example"},
        {"ann@[192.0.2.1]", "||ann|[192.0.2.1]"},
        {"J\xC3\xBCrgen <j\xC3\xBC@\xC3\xBC.example>", "J\xC3\xBCrgen||j\xC3\xBC|\xC3\xBC.example"},
        {"=?utf-8?q?J=C3=BC?= <a@b>", "=?utf-8?q?J=C3=BC?=||a|b"},
        // What is no address stays visible.
        {"root", "||root|"},
        {"John Doe", "||John Doe|"},
        {"<a@b", "||a|b"},
        {"Ann <a@b, Bo <c@d>", "Ann||a|b Bo||c|d"},
        {"a@b; c@d", "||a|b ||c|d"},
        {"<a@b> =?utf-8?q?Doe?=", "=?utf-8?q?Doe?=||a|b"},
        {"a@b@c", "||a@b|c"},
        {"\"no end <a@b>", "||no end <a@b>|"},
        {"(no end", ""},
        {"<>", "|||"},
        {"<<a@b>>", "||a|b"},
        {std::string_view("\"a\\\0\\\r\nb\"@c (\\\0x)", 17), "x||ab|c"},  // a quoted NUL or CR
        {"a@[b\\", "||a|[b"},
        {"a:b:c@d;", "a: ||b| ||c|d ;"},
    };
    for (const auto& [value, want] : cases) {
        CAPTURE(value);
        CHECK(show(parse_address_list(value)) == want);
        for (size_t length = 0; length < value.size(); ++length) parse_address_list(value.substr(0, length));
    }
}

TEST_CASE("address list: hostile lengths stay linear and within the limit") {
    std::string many;
    for (int i = 0; i < 200'000; ++i) many += "a@b,";
    CHECK(parse_address_list(many).size() == Limits().addresses);
    CHECK(parse_address_list(std::string(1'000'000, '(')).empty());
    CHECK(parse_address_list(std::string(1'000'000, '<')).size() <= Limits().addresses);
    CHECK(parse_address_list(std::string(1'000'000, '"')).size() == 1);
    std::string group = "g:";
    for (int i = 0; i < 20'000; ++i) group += "a@b,";
    const auto cut = parse_address_list(group);
    CHECK(cut.back().kind == AddressKind::group_end);
}

TEST_CASE("address list: what is written reads the same") {
    const std::string_view values[] = {"Ann Lee <ann@a.example>",
                                       "\"Lee, Ann\" <ann@a.example>",
                                       "ann@a.example",
                                       "\"a b\"@c.example",
                                       "Group: Ann <a@b>, c@d;, e@f",
                                       "Empty:;",
                                       "X <@r:a@b>"};
    for (const auto value : values) {
        CAPTURE(value);
        const auto list = parse_address_list(value);
        CHECK(parse_address_list(format_address_list(list)) == list);
    }
    CHECK(display_name(parse_address_list("=?utf-8?q?J=C3=BC?= <a@b>")[0]) == "Jü");
    CHECK(addr_spec(parse_address_list("\"a b\"@c")[0]) == "\"a b\"@c");
}

}  // namespace heliopost::mime
