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
    return out + editor.finish();
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
