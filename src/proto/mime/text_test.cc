// Dates, encoded words, charsets, transfer encodings, previews and the composer.
#include <doctest/doctest.h>

#include "base/assert.h"
#include "proto/mime/charset.h"
#include "proto/mime/compose.h"
#include "proto/mime/date.h"
#include "proto/mime/encoded_word.h"
#include "proto/mime/header.h"
#include "proto/mime/preview.h"
#include "proto/mime/scanner.h"
#include "proto/mime/transfer.h"

namespace heliopost::mime {

TEST_CASE("date: RFC 5322 §3.3 and §4.3") {
    struct Case {
        std::string_view value;
        std::string_view want;
    };
    const Case cases[] = {
        {"Tue, 1 Jul 2003 10:52:37 +0200", "Tue, 1 Jul 2003 10:52:37 +0200"},
        {"1 Jul 2003 (comment) 10:52 +0200 (CEST)", "Tue, 1 Jul 2003 10:52:00 +0200"},
        {"Thu,\r\n 13\r\n Feb\r\n 1969\r\n 23:32\r\n -0330 (Newfoundland)",
         "Thu, 13 Feb 1969 23:32:00 -0330"},
        {"21 Nov 97 09:55:06 GMT", "Fri, 21 Nov 1997 09:55:06 +0000"},
        {"21 Nov 49 09:55:06 EST", "Sun, 21 Nov 2049 09:55:06 -0500"},
        {"21-Nov-1997 09:55:06 PDT", "Fri, 21 Nov 1997 09:55:06 -0700"},
        {"Monday, 21 November 1997 09.55.06 Z", "Fri, 21 Nov 1997 09:55:06 +0000"},
        {"Mon, 21 Aug 95 13:30:57 -600", "Mon, 21 Aug 1995 13:30:57 -0600"},
        {"31 Dec 2016 23:59:60 +0000", "Sun, 1 Jan 2017 00:00:00 +0000"},
        {"29 Feb 2024 00:00:00 +1400", "Thu, 29 Feb 2024 00:00:00 +1400"},
        {"29 Feb 2023 00:00:00 +0000", ""},
        {"1 Jul 2003 24:00:00 +0000", ""},
        {"13 zzz 2021 09:55:06 +0200", ""},
        {"Whenever", ""},
        {"", ""},
        {"1 Jul 2003 10:52:37 +9999", "Tue, 1 Jul 2003 10:52:37 +0000"},
        {"1 Jul 99999 10:52:37 +0000", ""},
    };
    for (const auto& [value, want] : cases) {
        CAPTURE(value);
        const auto date = parse_date(value);
        CHECK((date ? format_date(*date) : "") == want);
        for (size_t length = 0; length < value.size(); ++length) parse_date(value.substr(0, length));
    }
    CHECK(parse_date("Thu, 1 Jan 1970 01:00:00 +0100") == DateTime{Time(), std::chrono::minutes(60)});
    for (const std::string_view text : {"Sat, 1 Jan 0000 00:00:00 +0000", "Fri, 31 Dec 9999 23:59:59 -2359",
                                        "Sat, 1 Jan 0000 00:00:00 +2359"}) {
        const auto date = parse_date(text);
        ASSERT(date.has_value());
        CHECK(format_date(*date) == text);
    }
    CHECK_FALSE(format_date({Time::max(), std::chrono::minutes(1'000'000)}).empty());  // zone_max
    CHECK_FALSE(format_date({Time::min(), std::chrono::minutes(-1'000'000)}).empty());
}

TEST_CASE("encoded words: RFC 2047") {
    struct Case {
        std::string_view text;
        std::string_view want;
    };
    const Case cases[] = {
        {"plain", "plain"},
        {"(=?ISO-8859-1?Q?a?=)", "(a)"},
        {"(=?ISO-8859-1?Q?a?= b)", "(a b)"},
        {"=?ISO-8859-1?Q?a?=  \r\n =?ISO-8859-1?Q?b?=", "ab"},  // §8
        {"=?ISO-8859-1?Q?a_b?=", "a b"},
        {"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"},
        {"=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"},  // RFC 2231 §5
        // Words of a charset with states, whole each, and one that is cut where it must not be.
        {"=?iso-2022-jp?b?GyRCJUYbKEI=?= =?iso-2022-jp?b?GyRCJTkbKEI=?=", "テス"},
        {"=?iso-2022-jp?b?GyRCJUY=?= =?iso-2022-jp?b?JTkbKEI=?=", "テス"},
        {"=?hz-gb-2312?q?~{<:~}?= =?hz-gb-2312?q?~{Ky~}?=", "己所"},
        {"=?utf-8?B?w7w=?= =?utf-8?b?w7w?=", "üü"},
        {"=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"},  // cut in the middle
        {"=?iso-2022-jp?b?GyRCJTUbKEI=?=", "サ"},
        {"=?nonsense?q?=FC?=", "ü"},
        {"=?utf-8?q?a?=b", "ab"},
        {"=?utf-8?q?Why?"
         "?=",
         "Why?"},
        {"=?utf-8?x?a?=", "=?utf-8?x?a?="},
        {"=?utf-8?q?a", "=?utf-8?q?a"},
        {"=? =?utf-8 =?utf-8?q?", "=? =?utf-8 =?utf-8?q?"},
        {"\xC3\xBC", "ü"},
        {"\xFC", "ü"},
        {"=?utf-8?q?=4?=", "=4"},
    };
    for (const auto& [text, want] : cases) {
        CAPTURE(text);
        CHECK(decode_words(text) == want);
        for (size_t length = 0; length < text.size(); ++length) decode_words(text.substr(0, length));
    }
    std::string many;
    for (int i = 0; i < 200'000; ++i) many += "=?a?q?";
    CHECK(decode_words(many) == many);
    CHECK(encode_words("plain text") == "plain text");
    for (const std::string text :
         {"Grüße", "日本語の件名がとても長いので二つに分かれるはずです。もっと長く", "a =?b", " ü "}) {
        const std::string encoded = encode_words(text);
        CHECK(decode_words(encoded) == text);
        for (size_t at = 0; at < encoded.size();) {
            const size_t end = std::min(encoded.find(' ', at), encoded.size());
            CHECK(end - at <= 75);
            at = end + 1;
        }
    }
}

TEST_CASE("charsets: to UTF-8, unknown ones too") {
    CHECK(to_utf8("iso-8859-1", "\xFC\x80") == "ü€");
    CHECK(to_utf8("ISO-8859-15", "\xA4") == "€");
    CHECK(to_utf8("koi8-r", "\xC1") == "а");
    CHECK(to_utf8("gb2312", "\xC4\xE3") == "你");
    CHECK(to_utf8("utf-16", std::string_view("\xFE\xFF\xD8\x3D\xDE\x00", 6)) == "😀");
    CHECK(to_utf8("utf-8", "a\xFF") == "a\xEF\xBF\xBD");
    CHECK(to_utf8("x-nothing", "\xFC") == "ü");
    CHECK(to_utf8("us-ascii", "\xC3\xBC") == "ü");
    CHECK(to_utf8("../../etc/passwd", "a") == "a");
    CHECK(to_utf8("utf-8", "aüb", 2) == "a");
    CHECK(to_utf8("iso-8859-1", std::string(100'000, '\xFC'), 1'001).size() == 1'000);
    std::string pairs;  // more than one block of conversion
    std::string want;
    for (int i = 0; i < 3'000; ++i) pairs.append("\xD8\x3D\xDE\x00", 4), want += "😀";
    CHECK(to_utf8("utf-16be", pairs) == want);
    CHECK(repair_utf8("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
}

TEST_CASE("a charset read in pieces of any size gives the same text") {
    struct Case {
        std::string_view charset;
        std::string_view octets;
    };
    const Case cases[] = {
        {"utf-8", "aü€😀\xFF\xE2\x82z"}, {"us-ascii", "ü plain"},
        {"iso-8859-1", "\xFC\x80z"},     {"iso-2022-jp", "a\x1B$B$\"\x1B(Bz"},
        {"gb18030", "\xC4\xE3\xC4\xE3"}, {"utf-16be", std::string_view("\xD8\x3D\xDE\x00\x00z", 6)},
    };
    for (const auto& [charset, octets] : cases)
        for (size_t piece = 1; piece <= octets.size(); ++piece) {
            CAPTURE(charset);
            CAPTURE(piece);
            CharsetReader reader(charset);
            std::string out;
            // What is guessed is guessed from the first piece: here from the whole.
            const size_t step = charset == "us-ascii" ? octets.size() : piece;
            for (size_t at = 0; at < octets.size(); at += step) reader.feed(octets.substr(at, step), out);
            reader.finish(out);
            CHECK(out == to_utf8(charset, octets));
        }
    CHECK(is_known_charset("UTF-8"));
    CHECK(is_known_charset("us-ascii"));
    CHECK(is_known_charset("KOI8-R"));
    CHECK_FALSE(is_known_charset("x-nothing"));
    CHECK_FALSE(is_known_charset(""));
}

TEST_CASE("transfer encodings: lenient, any chunking, RFC 2045 §6") {
    struct Case {
        TransferEncoding encoding;
        std::string_view text;
        std::string_view want;
        bool clean;
    };
    using enum TransferEncoding;
    const Case cases[] = {
        {base64, "SGVsbG8=", "Hello", true},
        {base64, "SGVs\r\nbG8=\r\n", "Hello", true},
        {base64, "SGVsbG8", "Hello", true},
        {base64, "SG!Vs*bG8=", "Hello", false},
        {base64, "SGk=SGk=", "HiHi", false},  // two encodings, one after the other
        {base64, "S", "", false},
        {quoted_printable, "a=3Db=\r\nc  \r\nd", "a=bc\r\nd", true},
        {quoted_printable, "a= \t\r\nb", "ab", true},
        {quoted_printable, "a=c3=BC", "a\xC3\xBC", true},
        {quoted_printable, "a=ZZ=", "a=ZZ", false},
        {quoted_printable, "a b\n", "a b\n", true},
        {quoted_printable, "a b \t", "a b", true},  // the last line of a part ends at its boundary
        {quoted_printable, "a \r", "a \r", true},
        {quoted_printable, "a= \r", "a", true},
        {quoted_printable, "=4", "=4", false},
        {quoted_printable, "x\ry", "x\ry", true},
        {identity, "a=3D", "a=3D", true},
        {unknown, "a=3D", "a=3D", false},
        {uuencode, "x\r\nbegin 644 f\r\n%2&5L;&\\`\r\n`\r\nend\r\ny\r\n", "Hello", true},
    };
    for (const auto& [encoding, text, want, clean] : cases) {
        CAPTURE(text);
        CHECK(decode_transfer(encoding, text) == want);
        TransferDecoder bytewise(encoding);
        std::string out;
        for (const char c : text) bytewise.feed(std::string_view(&c, 1), out);
        bytewise.finish(out);
        CHECK(out == want);
        CHECK(bytewise.clean() == clean);
    }
    CHECK(parse_transfer_encoding(" (c) Base64 ;") == base64);
    CHECK(parse_transfer_encoding("\"quoted-printable\"") == quoted_printable);
    CHECK(parse_transfer_encoding("") == identity);
    CHECK(parse_transfer_encoding("8-bit") == identity);
    CHECK(parse_transfer_encoding("text/html") == unknown);

    const std::string text =
        "=Grüße \r\n.dot\r\nFrom here\t\r\n" + std::string(300, 'x') + " \r\nlone \n and \r";
    const std::string encoded = encode_quoted_printable(text);
    CHECK(decode_transfer(quoted_printable, encoded) == text);
    for (size_t at = 0; at < encoded.size();) {
        const size_t end = std::min(encoded.find("\r\n", at), encoded.size());
        CHECK(end - at <= 76);
        CHECK_FALSE(encoded.substr(at).starts_with('.'));
        at = end + 2;
    }
    CHECK(decode_transfer(base64, encode_base64_lines(text)) == text);
    CHECK(encode_base64_lines(std::string(58, 'x')).find("\r\n") == 76);
}

TEST_CASE("preview: the first 256 characters") {
    CHECK(preview("  Hello \r\n\r\n world", TextFormat::plain) == "Hello world");
    CHECK(preview("> quoted\r\nreply\r\n-- \r\nsignature", TextFormat::plain) == "reply");
    CHECK(preview("> only quoted\r\n", TextFormat::plain) == "> only quoted");
    CHECK(preview("<html><head><title>t</title><style>x{}</style></head><body><p>Gr&uuml;&#223;e "
                  "<b>A</b>nn&nbsp;&amp;"
                  " <a href='x>y'>Bo</a></p><script>evil()</script>&#x1F600; 1 < 2 &bogus;",
                  TextFormat::html) == "Grüße Ann & Bo 😀 1 < 2 &bogus;");
    CHECK(preview("<!-- c --><br>a<div>b</div>", TextFormat::html) == "a b");
    std::string many;
    std::string want;
    for (int i = 0; i < 1'000; ++i) many += "ü";
    for (int i = 0; i < 256; ++i) want += "ü";
    CHECK(preview(many, TextFormat::plain) == want);
    CHECK(preview(std::string(1'000'000, '<'), TextFormat::html).size() == 256);
    CHECK(preview("<style>" + std::string(1'000, 'x'), TextFormat::html).empty());
    CHECK(preview("a\xFF", TextFormat::plain) == "a\xEF\xBF\xBD");
}

TEST_CASE("composer: a file's name that looks like an encoded word is that name") {
    const std::string name = "=?utf-8?q?x?=.txt";
    Composer out;
    out.content_disposition("attachment", {{"filename", name}}).raw_body("");
    CHECK(file_name(scan(out.text()).parts[0]) == name);
}

TEST_CASE("composer: what is written is read back") {
    Composer out;
    out.address_field("From", {{.kind = AddressKind::mailbox,
                                .name = "Jürgen, Dr.",
                                .route = {},
                                .mailbox = "j",
                                .host = "a.example",
                                .comment = {}}});
    std::string subject = "Grüße und ein sehr langer Betreff";
    for (int i = 0; i < 10; ++i) subject += " mit vielen Wörtern";
    out.field("Subject", subject).field("X-Evil", "a\r\nBcc: x@y");
    out.date_field("Date", {from_unix_milliseconds(0), std::chrono::minutes(60)});
    out.structured_field("X-Long", std::string(3'000, 'x'));
    out.begin_multipart("report", "b", {{"report-type", "delivery-status"}});
    out.boundary_line("b").text_body("text/plain", "Grüße\nzwei\n\n");
    out.boundary_line("b").text_body("text/plain", "plain\n");
    out.boundary_line("b");
    out.content_disposition("attachment",
                            {{"filename", "ein sehr langer Dateiname mit ümläuten, der geteilt wird.txt"}});
    out.binary_body("application/octet-stream", std::string(100, '\xFF'));
    out.end_multipart("b");

    const std::string& text = out.text();
    const Structure structure = scan(text);
    REQUIRE(structure.parts.size() == 4);
    const Envelope& envelope = structure.envelopes[0];
    CHECK(decoded_subject(envelope) == subject);
    CHECK(display_name(envelope.from[0]) == "Jürgen, Dr.");
    CHECK(envelope.date == "Thu, 1 Jan 1970 01:00:00 +0100");
    CHECK_FALSE(find_field(text, "Bcc").has_value());
    CHECK_FALSE(structure.eight_bit_header);
    CHECK_FALSE(structure.eight_bit_body);
    const auto body = [&](size_t part) {
        const Part& p = structure.parts[part];
        return decode_transfer(parse_transfer_encoding(p.encoding),
                               std::string_view(text).substr(p.body_begin, p.octets()));
    };
    CHECK(body(1) == "Grüße\r\nzwei\r\n\r\n");
    CHECK(body(2) == "plain\r\n");
    CHECK(body(3) == std::string(100, '\xFF'));
    CHECK(file_name(structure.parts[3]) == "ein sehr langer Dateiname mit ümläuten, der geteilt wird.txt");
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find("\r\n", at);
        REQUIRE(end != std::string::npos);
        CHECK(end - at <= 998);
        at = end + 2;
    }
}

}  // namespace heliopost::mime
