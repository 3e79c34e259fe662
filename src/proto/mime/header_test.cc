#include "proto/mime/header.h"

#include <doctest/doctest.h>

#include "base/assert.h"
#include "proto/mime/envelope.h"
#include "proto/mime/message_id.h"
#include "proto/mime/parameter.h"

namespace heliopost::mime {

TEST_CASE("header: fields with their ranges, RFC 5322 §2.2") {
    const std::string block = "From x\r\nA: 1\r\n 2\r\nB :3\r\njunk\r\n\tmore\r\nc:\r\n\r\nBody: no\r\n";
    FieldReader reader(block);
    const auto a = reader.next();
    ASSERT(a.has_value());
    CHECK(a->name == "A");
    CHECK(a->value == " 1\r\n 2");
    CHECK(block.substr(a->begin, a->end - a->begin) == "A: 1\r\n 2\r\n");
    CHECK(unfold(a->value) == "1 2");
    const auto b = reader.next();
    ASSERT(b.has_value());
    CHECK(b->name == "B");
    CHECK(b->value == "3");
    const auto c = reader.next();
    ASSERT(c.has_value());
    CHECK(c->value.empty());
    CHECK_FALSE(reader.next().has_value());
    CHECK(block.substr(reader.offset()) == "Body: no\r\n");
    const auto found = find_field(block, "C");
    ASSERT(found.has_value());
    CHECK(found->name == "c");
    CHECK_FALSE(find_field(block, "Body").has_value());
    for (size_t length = 0; length <= block.size(); ++length) {
        FieldReader cut(std::string_view(block).substr(0, length));
        while (const auto field = cut.next()) CHECK(field->end <= length);
    }
}

TEST_CASE("header: a line end, CR or NUL never stays in a value") {
    CHECK(unfold(" a\r\n b\rc\n\0d ") == "a bc");
    CHECK(unfold(std::string_view("a\0b", 3)) == "ab");
    CHECK(decode_unstructured(" =?utf-8?q?a?=\r\n =?utf-8?q?b?=") == "ab");
}

TEST_CASE("parameters: RFC 2045 §5.1 and RFC 2231") {
    struct Case {
        std::string_view value;
        std::string_view type;
        std::string_view name;
        std::string_view want;
    };
    const Case cases[] = {
        {"text/plain; charset=us-ascii (Plain text)", "text/plain", "charset", "us-ascii"},
        {" text /plain; charset=\"iso-8859-1\"; format=flowed", "text/plain", "format", "flowed"},
        {"(hello) text (plain) / (world) plain (eod);charset=x", "text/plain", "charset", "x"},
        {"a/b; x=\"foo\r\n bar\"", "a/b", "x", "foo bar"},
        {"a/b; x=\"a\\\"b\\\\c\"", "a/b", "x", "a\"b\\c"},
        {"a/b; x=two words; y=1", "a/b", "x", "two words"},
        {"a/b; x=1\r\n y=2", "a/b", "y", "2"},  // a forgotten ";"
        {"a/b ;;;;; = ;; name=\"value\"", "a/b", "name", "value"},
        {"a/b; x*=us-ascii'en-us'This%20is%20%2A%2A%2Afun", "a/b", "x", "This is ***fun"},
        {"a/b; x*0*=iso-8859-1'es'%D1a; x*1*=%FA; x*2=\"!\"", "a/b", "x", "Ñaú!"},
        {"a/b; x*1=b; x*0=a; x*3=d", "a/b", "x", "ab"},  // any order, to the first gap
        {"a/b; x=plain; x*=utf-8''better", "a/b", "x", "better"},
        {"a/b; x=\"=?utf-8?q?=C3=BC?=.png\"", "a/b", "x", "ü.png"},
        {"inline", "inline/", "x", ""},
        {"a/b; x=\"no end", "a/b", "x", "no end"},
        {"; x=1", "/", "x", "1"},
        {"a/b; x*0*=utf-8''%C3; x*1*=%BC", "a/b", "x", "ü"},  // a character cut in two
        {"a/b; x*99999999999999999999=a", "a/b", "x", ""},
        {"a/b; x**=a", "a/b", "x", ""},
        {"a/b/c; x=1", "a/b", "x", "1"},  // "/" ends a token
        {"a//; x=1", "a/", "x", "1"},
    };
    for (const auto& [value, type, name, want] : cases) {
        CAPTURE(value);
        const ContentType content = parse_content_type(value);
        CHECK(content.type + "/" + content.subtype == type);
        CHECK(find_parameter(content.parameters, name).value_or("") == want);
        for (size_t length = 0; length < value.size(); ++length) parse_content_type(value.substr(0, length));
    }
    CHECK(parse_disposition("attachment; filename=a.txt").type == "attachment");
    const Disposition bare = parse_disposition("filename=a.txt");
    CHECK(bare.type.empty());
    CHECK(find_parameter(bare.parameters, "filename") == "a.txt");
    std::string many = "a/b";
    for (int i = 0; i < 1'000; ++i) many += ";a=b";
    CHECK(parse_content_type(many).parameters.size() == Limits().parameters);
}

TEST_CASE("message ids: RFC 5322 §3.6.4") {
    using Ids = std::vector<std::string>;
    CHECK(parse_message_ids("<a@b>\r\n <c@d>") == Ids{"a@b", "c@d"});
    CHECK(parse_message_ids("<a@b><c@d") == Ids{"a@b", "c@d"});
    CHECK(parse_message_ids("<1234 @ local (x)>") == Ids{"1234@local(x)"});
    CHECK(parse_message_ids("Your message of \"<no@no>\" (<no@no>) <a@b>") == Ids{"a@b"});
    CHECK(parse_message_ids("a@b.example words") == Ids{"a@b.example"});
    CHECK(parse_message_ids("<>").empty());
    std::string many;
    for (int i = 0; i < 5'000; ++i) many += "<a@b> ";
    CHECK(parse_message_ids(many).size() == message_ids_max);

    Envelope envelope;
    CHECK_FALSE(thread_source(envelope).has_value());
    envelope.message_id = "<own@a>";
    CHECK(thread_source(envelope) == "own@a");
    envelope.in_reply_to = "words only";
    CHECK(thread_source(envelope) == "own@a");
    envelope.in_reply_to = "<parent@a>";
    CHECK(thread_source(envelope) == "parent@a");
    envelope.references = "<first@a> <parent@a>";
    CHECK(thread_source(envelope) == "first@a");
}

TEST_CASE("envelope: absent is not empty, the first field counts") {
    const Envelope envelope = parse_envelope(
        "Subject: \r\nFrom: a@b\r\nfrom: c@d\r\nTO: e@f,\r\n g@h\r\nDate: x\r\n\r\nCc: i@j\r\n");
    CHECK(envelope.subject == "");
    CHECK_FALSE(envelope.message_id.has_value());
    REQUIRE(envelope.from.size() == 1);
    CHECK(envelope.from[0].mailbox == "a");
    CHECK(envelope.to.size() == 2);
    CHECK(envelope.cc.empty());
    CHECK(envelope.sender.empty());
    CHECK(envelope.reply_to_or_from() == envelope.from);
}

TEST_CASE("base subject: RFC 5256 §2.1") {
    struct Case {
        std::string_view subject;
        std::string_view want;
    };
    const Case cases[] = {
        {"Re: Hello", "Hello"},
        {"RE:  re[2]: Fwd: [list] Hello \t world (fwd) ", "Hello world"},
        {"[fwd: Re: Hello]", "Hello"},
        {"[only a list]", "[only a list]"},
        {"[a] [b] Re: x", "x"},
        {"Regarding: x", "Regarding: x"},
        {"Re:", ""},
        {"", ""},
    };
    for (const auto& [subject, want] : cases) {
        CAPTURE(subject);
        CHECK(base_subject(subject) == want);
    }
    std::string many;
    for (int i = 0; i < 100'000; ++i) many += "[a]";
    CHECK(base_subject(many) == "[a]");
}

}  // namespace heliopost::mime
