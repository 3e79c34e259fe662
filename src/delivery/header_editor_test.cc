#include "delivery/header_editor.h"

#include <doctest/doctest.h>

namespace heliopost::delivery {
namespace {

const MissingFields missing{"Mon, 23 Nov 2026 08:15:30 +0000", "<1@a.example>"};

std::string edited(std::string_view message, std::size_t step) {
    HeaderEditor editor(missing);
    std::string out;
    for (std::size_t at = 0; at < message.size(); at += step) {
        const auto piece = editor.feed(message.substr(at, step));
        REQUIRE(piece.has_value());
        out += *piece;
    }
    const auto rest = editor.finish();
    REQUIRE(rest.has_value());
    return out + *rest;
}

}  // namespace

TEST_CASE(
    "submission: a missing Date and Message-ID are added, Bcc is removed (RFC 6409 §8, RFC 5322 §3.6.3)") {
    struct Case {
        std::string_view in, out;
    };
    const Case cases[] = {
        {"Date: x\r\nMessage-ID: <y@z>\r\n\r\nhi\r\n", "Date: x\r\nMessage-ID: <y@z>\r\n\r\nhi\r\n"},
        {"Subject: s\r\n\r\nhi\r\n",
         "Date: Mon, 23 Nov 2026 08:15:30 +0000\r\nMessage-ID: <1@a.example>\r\nSubject: s\r\n\r\nhi\r\n"},
        {"date: x\r\nBCC: a@b,\r\n c@d\r\nTo: e@f\r\nmessage-id: <y@z>\r\n\r\nBcc: stays\r\n",
         "date: x\r\nTo: e@f\r\nmessage-id: <y@z>\r\n\r\nBcc: stays\r\n"},
        {"Date: x\r\nMessage-ID: <y@z>\r\nResent-Bcc: a@b\r\nReturn-Path: <q@q>\r\n\r\n",
         "Date: x\r\nMessage-ID: <y@z>\r\n\r\n"},
        {"\r\nonly a body\r\n",
         "Date: Mon, 23 Nov 2026 08:15:30 +0000\r\nMessage-ID: <1@a.example>\r\n\r\nonly a body\r\n"},
        {"Date: x\r\nMessage-ID: <y@z>\r\nSubject: no end\r\n",
         "Date: x\r\nMessage-ID: <y@z>\r\nSubject: no end\r\n"},
    };
    for (const auto& [in, out] : cases)
        for (const std::size_t step : {std::size_t{1}, std::size_t{3}, in.size()}) {
            CAPTURE(in);
            CAPTURE(step);
            CHECK(edited(in, step) == out);
        }
}

TEST_CASE("submission: a name that is From, Sender or Bcc but for octets of no name is refused") {
    using namespace std::string_literals;
    const auto refused = [](const std::string& message) {
        HeaderEditor editor(missing);
        const auto fed = editor.feed(message);
        if (!fed) return fed.error().fault == Fault::syntax;
        const auto rest = editor.finish();
        return !rest && rest.error().fault == Fault::syntax;
    };
    for (const std::string& line :
         {"From\0: x"s, "\0From: x"s, "Fr\0om: x"s, "from \0\t: x"s, "From\x7f: x"s,
          "\xef\xbb\xbf"s + "From: x", "\xc2\xa0"s + "From: x", "Bcc\0: x@c.example"s, "B\x01\tCC: x"s,
          "Resent-Bcc\0: x"s, "Sender\0: x"s, "Return\0-Path: x"s, "From\xff"s + ": x", "F rom: x"s}) {
        CAPTURE(line);
        CHECK(refused("From: y\r\n" + line + "\r\n\r\nhi\r\n"));
        CHECK(refused(line + "\r\nFrom: y\r\n\r\nhi\r\n"));
        CHECK(refused("From: y\r\n" + line + "\r\n"));
        CHECK_FALSE(refused("From: y\r\n\r\n" + line + "\r\n"));                 // the body
        CHECK_FALSE(refused("From: y\r\nX: z\r\n " + line + "\r\n\r\nhi\r\n"));  // a field's value
    }
    for (const std::string& line : {"From\r\n : x"s, "Bcc \r\n\t : x"s, "Fr\0om\r\n  :"s})
        CHECK(refused(line + "\r\n\r\nhi\r\n"));
    for (const std::string& line : {"From\r\n x"s, "From\r\nX: y"s, "From : x"s, "Subject\0: x"s, "From\0"s,
                                    "Fromm\0: x"s, "X-From\0: x"s})
        CHECK_FALSE(refused(line + "\r\n\r\nhi\r\n"));
}

TEST_CASE("submission: a header without end is refused past its limit") {
    HeaderEditor editor(missing);
    const std::string line = "X: " + std::string(997, 'x') + "\r\n";
    bool refused = false;
    for (std::size_t octets = 0; octets <= submitted_header_max + line.size() && !refused;
         octets += line.size()) {
        const auto piece = editor.feed(line);
        refused = !piece && piece.error().fault == Fault::too_large;
    }
    CHECK(refused);
}

}  // namespace heliopost::delivery
