#include "proto/mime/scanner.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace heliopost::mime {
namespace {

std::string crlf(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') out += '\r';
        out += c;
    }
    return out;
}

// "type/subtype[header|body]" of each part, children in braces; line ends shown as "/".
std::string show(const Structure& structure, std::string_view message, std::uint32_t index = 0) {
    const Part& part = structure.parts[index];
    std::string out = part.type.type + "/" + part.type.subtype;
    if (part.kind == PartKind::leaf)
        out += "[" + std::string(message.substr(part.body_begin, part.octets())) + "]";
    if (part.kind != PartKind::leaf) {
        out += "{";
        for (const auto child : part.children)
            out += (out.ends_with('{') ? "" : " ") + show(structure, message, child);
        out += "}";
    }
    std::erase(out, '\r');
    for (char& c : out)
        if (c == '\n') c = '$';
    return out;
}

Structure scan_bytewise(std::string_view message, const Limits& limits = {}) {
    Scanner scanner(limits);
    for (const char c : message) scanner.feed(std::string_view(&c, 1));
    return scanner.finish();
}

constexpr std::string_view nested =
    "Subject: out\nContent-Type: multipart/mixed; boundary=\"a b\"\n\npreamble\n"
    "--a b\n\none\n"
    "--a b  \nContent-Type: multipart/alternative; boundary=x\n\n"
    "--x\nContent-Type: text/plain\n\nplain\n\n--x\nContent-Type: text/html\n\n<p>\n--x--\nepilogue\n"
    "--a b\nContent-Type: message/rfc822\n\nSubject: in\nFrom: ann@a.example\n\ninner\n"
    "--a b--\nend\n";

}  // namespace

TEST_CASE("scanner: structures, RFC 2046 §5.1") {
    struct Case {
        std::string_view message;
        std::string_view want;
    };
    const Case cases[] = {
        {"", "text/plain[]"},
        {"\n", "text/plain[]"},
        {"Subject: x\n\nbody\n", "text/plain[body$]"},
        {"Subject: x\n", "text/plain[]"},
        {"Subject: x", "text/plain[]"},
        {nested,
         "multipart/mixed{text/plain[one] multipart/alternative{text/plain[plain$] text/html[<p>]} "
         "message/rfc822{text/plain[inner]}}"},
        // RFC 2045 §5.2: what cannot be read is text/plain.
        {"Content-Type: text\n\nx", "text/plain[x]"},
        {"Content-Type: \n\nx", "text/plain[x]"},
        {"Content-Type: multipart/mixed\n\n--\n\nx", "text/plain[--$$x]"},
        {"Content-Type: multipart/mixed; boundary=b\n\nnone", "text/plain[none]"},
        // RFC 2046 §5.1.5
        {"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: d\n\nx\n--b--",
         "multipart/digest{message/rfc822{text/plain[x]}}"},
        // No closing delimiter, and an inner one that the outer delimiter ends.
        {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n", "multipart/mixed{text/plain[x$]}"},
        {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n\n"
         "--c\n\nx\n--b\n\ny\n--b--",
         "multipart/mixed{multipart/mixed{text/plain[x]} text/plain[y]}"},
        // Parts without an empty line, without a header, without anything.
        {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\n--b\nwords "
         "only\n--b\n--b--",
         "multipart/mixed{image/gif[] text/plain[words only] text/plain[]}"},
        // A boundary that begins like another one.
        {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n"
         "--bb\n\nx\n--bb--\n--b--",
         "multipart/mixed{multipart/mixed{text/plain[x]}}"},
        // After the closing delimiter nothing counts: RFC 2046 §5.1.1.
        // A boundary that looks like an encoded word, one that is no UTF-8, one with white space that it
        // cannot have.
        {"Content-Type: multipart/mixed; boundary=\"=?a?q?b?=\"\n\n--=?a?q?b?=\n\nx\n--=?a?q?b?=--\n",
         "multipart/mixed{text/plain[x]}"},
        {"Content-Type: multipart/mixed; boundary=b\xE4\n\n--b\xE4\n\nx\n--b\xE4--\n",
         "multipart/mixed{text/plain[x]}"},
        {"Content-Type: multipart/mixed; boundary*0=a; boundary*1*=%62\n\n--ab\n\nx\n--ab--\n",
         "multipart/mixed{text/plain[x]}"},
        {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b\n\ny\n",
         "multipart/mixed{text/plain[x]}"},
        // A message in base64 cannot be looked into: RFC 2046 §5.2.1 forbids it.
        {"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdA==\n",
         "application/octet-stream[U3ViamVjdA==$]"},
        {"Content-Type: message/rfc822\n\n", "message/rfc822{text/plain[]}"},
        {"no header here\n\nx", "text/plain[no header here$$x]"},
        {"From ann Mon Nov 23\nSubject: mbox\n\nx", "text/plain[x]"},
        {"Subject: x\nrubbish\n more\nContent-Type: text/html\n\nx", "text/html[x]"},
        {"Content-Type: text/html\nContent-Type: text/plain\n\nx", "text/html[x]"},  // the first counts
    };
    for (const auto& [message, want] : cases) {
        CAPTURE(message);
        CHECK(show(scan(message), message) == want);
        const std::string with_crlf = crlf(message);
        CHECK(show(scan(with_crlf), with_crlf) == want);
    }
}

TEST_CASE("scanner: any chunking gives the same structure") {
    for (const std::string& message : {std::string(nested), crlf(nested)}) {
        const Structure whole = scan(message);
        CHECK(scan_bytewise(message) == whole);
        for (size_t cut = 0; cut <= message.size(); ++cut) {
            Scanner scanner;
            scanner.feed(std::string_view(message).substr(0, cut));
            scanner.feed(std::string_view(message).substr(cut));
            CHECK(scanner.finish() == whole);
        }
    }
}

TEST_CASE("scanner: every truncation has parts within their parents") {
    const std::string message = crlf(nested);
    for (size_t length = 0; length <= message.size(); ++length) {
        const Structure structure = scan(std::string_view(message).substr(0, length));
        CHECK(structure.octets == length);
        for (const Part& part : structure.parts) {
            CHECK(part.header_begin <= part.body_begin);
            CHECK(part.body_begin <= part.body_end);
            CHECK(part.body_end <= length);
            for (const auto child : part.children) {
                CHECK(structure.parts[child].header_begin >= part.body_begin);
                CHECK(structure.parts[child].body_end <= part.body_end);
            }
        }
    }
}

TEST_CASE("scanner: fields of a part, envelope and sections") {
    const std::string message = crlf(
        "From: Ann <ann@a.example>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <1@a>\n"
        "Content-Type: multipart/mixed; boundary=b\n\n"
        "--b\nContent-Type: Text/Plain; charset=utf-8; name*0=a; name*1=b\nContent-ID: <c@a>\n"
        "Content-Description: two\n words\nContent-Transfer-Encoding: (x) 8BIT ;\n"
        "Content-Disposition: attachment; filename=\"f.txt\"\nContent-Language: de, en\n"
        "Content-Location: http://a\nContent-MD5: abc==\n\nx\ny\n--b\nContent-Type: message/rfc822\n\n"
        "Subject: in\nTo: bo@b.example\n\nz\n--b--\n");
    const Structure structure = scan(message);
    REQUIRE(structure.parts.size() == 4);
    const Part& part = structure.parts[1];
    CHECK(part.type.type == "Text");
    CHECK(part.type.parameters == Parameters{{"charset", "utf-8"}, {"name*0", "a"}, {"name*1", "b"}});
    CHECK(find_parameter(part.type.parameters, "NAME") == "ab");
    CHECK(part.id == "<c@a>");
    CHECK(part.description == "two words");
    CHECK(part.encoding == "8BIT");
    CHECK(part.disposition.type == "attachment");
    CHECK(file_name(part) == "f.txt");
    CHECK(part.language == std::vector<std::string>{"de", "en"});
    CHECK(part.location == "http://a");
    CHECK(part.md5 == "abc==");
    CHECK(part.lines == 1);
    CHECK(part.octets() == 4);
    REQUIRE(structure.envelopes.size() == 2);
    CHECK(decoded_subject(structure.envelopes[0]) == "Grüße");
    CHECK(structure.envelopes[0].sender_or_from()[0].mailbox == "ann");
    CHECK(structure.envelopes[1].subject == "in");
    CHECK(structure.lines == 26);

    const auto at = [&](std::vector<std::uint32_t> path) { return find_part(structure, path); };
    CHECK(at({}) == &structure.parts[0]);
    CHECK(at({1}) == &structure.parts[1]);
    CHECK(at({2}) == &structure.parts[2]);
    CHECK(at({2, 1}) == &structure.parts[3]);  // the inner message is not multipart: RFC 9051 §6.4.5.1
    CHECK(at({2, 2}) == nullptr);
    CHECK(at({2, 1, 1}) == nullptr);
    CHECK(at({3}) == nullptr);
    CHECK(at({0}) == nullptr);
    CHECK(at({1, 1}) == nullptr);
    const Structure plain = scan("Subject: x\r\n\r\ny");
    const std::uint32_t one[] = {1, 1};
    CHECK(find_part(plain, std::span(one, 1)) == &plain.parts[0]);
    CHECK(find_part(plain, one) == nullptr);
}

TEST_CASE("scanner: octets above 127 and NUL are noted where they stand") {
    CHECK_FALSE(scan("Subject: x\n\ny").eight_bit_header);
    CHECK(scan("Subject: \xC3\xBC\n\ny").eight_bit_header);
    CHECK_FALSE(scan("Subject: \xC3\xBC\n\ny").eight_bit_body);
    CHECK(scan("Subject: x\n\n\xC3\xBC").eight_bit_body);
    CHECK(scan("Subject: x\n\n\xC3\xBC").eight_bit_header == false);
    CHECK(scan(std::string_view("a: b\n\nx\0y", 9)).nul);
}

TEST_CASE(
    "scanner: lines of blanks that nearly are delimiters cost no more in a hundred multiparts than in one") {
    const auto seconds = [](int depth) {
        std::string message;
        for (int i = 0; i < depth; ++i) message += "Content-Type: multipart/mixed; boundary=b\n\n--b\n";
        message += '\n';
        for (int i = 0; i < 2'000; ++i) message += "--b x" + std::string(900, ' ') + "\n";
        double best = 1e9;
        for (int i = 0; i < 3; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            CHECK(scan(message).parts.size() == static_cast<size_t>(depth) + 1);
            best = std::min(best,
                            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
        }
        return best;
    };
    CHECK(seconds(99) < 25 * seconds(1));  // some 60 times when each of them looks for the end of the blanks
}

TEST_CASE("scanner: past each limit the rest is opaque, and nothing fails") {
    Limits limits;
    SUBCASE("nesting") {
        std::string message;
        for (int i = 0; i < 300; ++i)
            message += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" +
                       std::to_string(i) + "\n";
        const Structure structure = scan(message);
        CHECK(structure.parts.size() == 100);
        CHECK(structure.over_limit);
        CHECK(structure.parts.back().is("application", "octet-stream"));
        CHECK(structure.parts.back().body_end == message.size());
        std::string messages;
        for (int i = 0; i < 300; ++i) messages += "Content-Type: message/rfc822\n\n";
        CHECK(scan(messages).parts.size() == 100);
    }
    SUBCASE("parts") {
        std::string message = "Content-Type: multipart/mixed; boundary=b\n\n";
        for (int i = 0; i < 20'000; ++i) message += "--b\n\n";
        const Structure structure = scan(message);
        CHECK(structure.parts.size() == limits.parts);
        CHECK(structure.parts.back().is("application", "octet-stream"));
        CHECK(structure.parts.back().body_end == message.size());
        CHECK(scan_bytewise(message) == structure);
    }
    SUBCASE("a field") {
        limits.field_octets = 100;
        const std::string message = "Subject: " + std::string(5'000, 'x') + "\nTo: a@b\n\n";
        const Structure structure = scan(message, limits);
        CHECK(structure.envelopes[0].subject.value_or("").size() == 99);
        CHECK(structure.envelopes[0].to.size() == 1);
        CHECK(structure.over_limit);
        CHECK(scan_bytewise(message, limits) == structure);
    }
    SUBCASE("all fields") {
        limits.header_octets = 100;
        const Structure structure = scan("Subject: " + std::string(500, 'x') + "\nTo: a@b\n\n", limits);
        CHECK(structure.envelopes[0].subject.value_or("").size() == 49);  // half is for the content fields
        CHECK(structure.envelopes[0].to.empty());
        CHECK(structure.over_limit);
        CHECK(scan("Subject: " + std::string(500, 'x') + "\nContent-Type: text/html\n\n", limits)
                  .parts[0]
                  .is("text", "html"));
    }
    SUBCASE("parameters") {
        std::string message = "Content-Type: text/plain";
        for (int i = 0; i < 100; ++i) message += "; p=" + std::to_string(i);
        const Structure structure = scan(message + "\n\n");
        CHECK(structure.parts[0].type.parameters.size() == 64);
        CHECK(structure.over_limit);
    }
    SUBCASE("addresses") {
        std::string message = "To: ";
        for (int i = 0; i < 12'000; ++i) message += "a@b, ";
        const Structure structure = scan(message + "\nCc: c@d\n\n");
        CHECK(structure.envelopes[0].to.size() == 10'000);
        CHECK(structure.envelopes[0].cc.empty());
        CHECK(structure.over_limit);
    }
    SUBCASE("boundary") {
        const std::string boundary(limits.boundary_octets, 'b');
        const auto message = [](const std::string& b) {
            return "Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n\nx\n--" + b + "--\n";
        };
        CHECK(scan(message(boundary)).parts.size() == 2);
        CHECK(scan_bytewise(message(boundary)).parts.size() == 2);
        CHECK(scan(message(boundary + "b")).parts.size() == 1);
    }
}

TEST_CASE("scanner: Received is counted in the message's own header, all of it (RFC 5321 §6.3)") {
    const auto count = [](std::string_view message) {
        Scanner scanner;
        for (const char c : message) scanner.feed({&c, 1});
        return scanner.received_fields();
    };
    CHECK(count("") == 0);
    CHECK(count("Received: a\r\n\tb\r\nRECEIVED : c\r\nReceived-SPF: d\r\nX-Received: "
                "e\r\nreceived:f\r\n\r\nReceived: g\r\n") == 3);
    CHECK(count("Received:\n") == 1);
    CHECK(count("Received\n") == 0);
    CHECK(count("\r\nReceived: a\r\n") == 0);
    CHECK(count("Content-Type: message/rfc822\n\nReceived: a\n\n") == 0);
    std::string many;
    for (int i = 0; i < 1'000; ++i) many += "Received: a\nX: " + std::string(2'000, 'x') + "\n";
    CHECK(count(many) == 1'000);
}

TEST_CASE("body parts: the example of RFC 8621 §4.1.4") {
    const std::string message =
        "Content-Type: multipart/mixed; boundary=1\n\n"
        "--1\nContent-Type: text/plain\nContent-Disposition: inline\n\nA\n"
        "--1\nContent-Type: multipart/mixed; boundary=2\n\n"
        "--2\nContent-Type: multipart/alternative; boundary=3\n\n"
        "--3\nContent-Type: multipart/mixed; boundary=4\n\n"
        "--4\nContent-Type: text/plain\nContent-Disposition: inline\n\nB\n"
        "--4\nContent-Type: image/jpeg\nContent-Disposition: inline\n\nC\n"
        "--4\nContent-Type: text/plain\nContent-Disposition: inline\n\nD\n--4--\n"
        "--3\nContent-Type: multipart/related; boundary=5\n\n"
        "--5\nContent-Type: text/html\n\nE\n--5\nContent-Type: image/jpeg\n\nF\n--5--\n--3--\n"
        "--2\nContent-Type: image/jpeg\nContent-Disposition: attachment\n\nG\n"
        "--2\nContent-Type: application/x-excel\n\nH\n--2\nContent-Type: message/rfc822\n\nSubject: "
        "J\n\nJ\n--2--\n"
        "--1\nContent-Type: text/plain\nContent-Disposition: inline\n\nK\n--1--\n";
    const Structure structure = scan(message);
    const auto letters = [&](const std::vector<std::uint32_t>& parts) {
        std::string text;
        for (const auto index : parts) text += message[structure.parts[index].body_end - 1];
        return text;
    };
    const BodyParts body = body_parts(structure);
    CHECK(letters(body.text) == "ABCDK");
    CHECK(letters(body.html) == "AEK");
    CHECK(letters(body.attachments) == "CFGHJ");
}

}  // namespace heliopost::mime
