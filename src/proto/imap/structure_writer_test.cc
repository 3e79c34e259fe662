#include "proto/imap/structure_writer.h"

#include <doctest/doctest.h>

#include <string>

#include "base/assert.h"
#include "proto/imap/limits.h"
#include "proto/imap/response.h"
#include "proto/mime/scanner.h"

namespace heliopost::imap {
namespace {

std::string envelope_of(std::string_view message, Revision revision = Revision::rev1) {
    const auto structure = mime::scan(message);
    std::string out;
    const auto& envelope = structure.parts.front().envelope;
    ASSERT(envelope.has_value());
    append_envelope(out, structure.envelopes.at(*envelope), revision);
    return out;
}

std::string structure_of(std::string_view message, StructureForm form, Revision revision = Revision::rev1) {
    std::string out;
    append_structure(out, mime::scan(message), form, revision);
    return out;
}

constexpr std::string_view letter =
    "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
    "From: Terry Gray <gray@cac.washington.example>\r\n"
    "Subject: IMAP4rev2 WG mtg summary and minutes\r\n"
    "To: imap@cac.washington.example\r\n"
    "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.example>\r\n"
    "Message-Id: <B27397-0100000@cac.washington.example>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n"
    "\r\n"
    "one\r\ntwo\r\n";

}  // namespace

TEST_CASE("ENVELOPE: the example of RFC 9051 §8") {
    CHECK(envelope_of(letter) ==
          "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" "
          "((\"Terry Gray\" NIL \"gray\" \"cac.washington.example\")) "
          "((\"Terry Gray\" NIL \"gray\" \"cac.washington.example\")) "
          "((\"Terry Gray\" NIL \"gray\" \"cac.washington.example\")) "
          "((NIL NIL \"imap\" \"cac.washington.example\")) "
          "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.example\")) "
          "NIL NIL \"<B27397-0100000@cac.washington.example>\")");
}

TEST_CASE("ENVELOPE: groups, 8-bit and absent fields") {
    CHECK(envelope_of("To: A: a@x.example, b@x.example;\r\n\r\n") ==
          "(NIL NIL NIL NIL NIL ((NIL NIL \"A\" NIL)(NIL NIL \"a\" \"x.example\")"
          "(NIL NIL \"b\" \"x.example\")(NIL NIL NIL NIL)) NIL NIL NIL NIL)");
    CHECK(envelope_of("Subject: \xC3\xA4\r\n\r\n") ==
          "(NIL {2}\r\n\xC3\xA4 NIL NIL NIL NIL NIL NIL NIL NIL)");
    CHECK(envelope_of("Subject: \xC3\xA4\r\n\r\n", Revision::rev2) ==
          "(NIL \"\xC3\xA4\" NIL NIL NIL NIL NIL NIL NIL NIL)");
    CHECK(envelope_of("Subject: \xE4\r\n\r\n", Revision::rev2).starts_with("(NIL {1}\r\n\xE4 "));
    CHECK(envelope_of("Subject:\r\n\r\n").starts_with("(NIL \"\" "));
}

TEST_CASE("ENVELOPE: in pieces of any size it is the same, and no piece is more than a string too long") {
    const std::string message =
        "From: a@a.example, B <b@b.example>, c@c.example\r\nTo: group: d@d.example, e@e.example;\r\n"
        "Subject: with a text\r\nMessage-ID: <1@a.example>\r\n\r\n";
    const std::string whole = envelope_of(message);
    const auto structure = mime::scan(message);
    for (std::size_t octets = 0; octets <= whole.size() + 1; ++octets) {
        std::string text;
        std::string piece;
        EnvelopePlace place;
        bool done = false;
        for (std::size_t pieces = 0; !done && pieces < whole.size(); ++pieces) {
            piece.clear();
            done = append_envelope(piece, structure.envelopes.at(0), Revision::rev1, place, octets);
            CHECK(piece.size() <= octets + 40);
            text += piece;
        }
        CHECK(done);
        CHECK(text == whole);
    }
}

TEST_CASE("BODY and BODYSTRUCTURE: RFC 9051 §7.5.2") {
    CHECK(structure_of(letter, StructureForm::body) ==
          "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 10 2)");
    CHECK(structure_of(letter, StructureForm::body_structure) ==
          "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 10 2 NIL NIL NIL NIL)");
    constexpr std::string_view mixed =
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\nContent-Language: en, de\r\n\r\nhi\r\n\r\n"
        "--b\r\nContent-Type: image/png; name=x\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <1>\r\n"
        "Content-Description: d\r\nContent-Disposition: attachment; filename=\"x y\"\r\nContent-MD5: m\r\n"
        "Content-Location: l\r\n\r\nAAAA\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nin\r\n\r\n"
        "--b--\r\n";
    CHECK(structure_of(mixed, StructureForm::body) ==
          "((\"text\" \"plain\" NIL NIL NIL \"7BIT\" 4 1)"
          "(\"image\" \"png\" (\"name\" \"x\") \"<1>\" \"d\" \"base64\" 4)"
          "(\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 18 (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) "
          "(\"text\" \"plain\" NIL NIL NIL \"7BIT\" 4 1) 3)"
          " \"mixed\")");
    CHECK(structure_of(mixed, StructureForm::body_structure) ==
          "((\"text\" \"plain\" NIL NIL NIL \"7BIT\" 4 1 NIL NIL (\"en\" \"de\") NIL)"
          "(\"image\" \"png\" (\"name\" \"x\") \"<1>\" \"d\" \"base64\" 4 \"m\" "
          "(\"attachment\" (\"filename\" \"x y\")) NIL \"l\")"
          "(\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 18 (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) "
          "(\"text\" \"plain\" NIL NIL NIL \"7BIT\" 4 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)"
          " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)");
}

TEST_CASE("BODYSTRUCTURE: message/global is a message only under IMAP4rev2 (RFC 9051 §9 media-message)") {
    constexpr std::string_view global = "Content-Type: message/global\r\n\r\nSubject: s\r\n\r\nin\r\n";
    CHECK(structure_of(global, StructureForm::body, Revision::rev1) ==
          "(\"message\" \"global\" NIL NIL NIL \"7BIT\" 18)");
    CHECK(structure_of(global, StructureForm::body, Revision::rev2).contains("(NIL \"s\" NIL"));
}

TEST_CASE("BODYSTRUCTURE: nesting past the limit, and a cycle, end in one opaque part") {
    mime::Structure loop;
    mime::Part part;
    part.kind = mime::PartKind::multipart;
    part.type = {"multipart", "mixed", {}};
    part.children = {0};
    loop.parts.push_back(part);
    std::string out;
    append_structure(out, loop, StructureForm::body, Revision::rev1);
    CHECK(out.contains("(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"7BIT\" 0)"));
    CHECK(parse_response("* 1 FETCH (BODY " + out + ")").has_value());
}

}  // namespace heliopost::imap
