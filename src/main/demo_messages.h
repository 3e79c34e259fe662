// The demo's mail: one message of each kind that a mailbox sees, written for it.
#pragma once

#include <array>
#include <string_view>

namespace heliopost {

struct DemoMessage {
    std::string_view from, to, text;
};

inline constexpr std::array<DemoMessage, 3> demo_messages{{
    {"carol@elsewhere.example", "ann@demo.example",
     "From: Carol <carol@elsewhere.example>\r\n"
     "To: Ann <ann@demo.example>\r\n"
     "Date: Mon, 23 Nov 2026 08:15:30 +0000\r\n"
     "Message-ID: <welcome-1@elsewhere.example>\r\n"
     "Subject: Welcome to Heliopost\r\n"
     "\r\n"
     "Hello Ann,\r\n\r\nthis message came in through SMTP and was on disk before it was acknowledged.\r\n"
     "..A line that began with a dot is here again as it was.\r\n\r\nCarol\r\n"},
    {"carol@elsewhere.example", "bob@demo.example",
     "From: =?UTF-8?Q?Car=C3=B6l?= <carol@elsewhere.example>\r\n"
     "To: bob@demo.example\r\n"
     "Date: Mon, 23 Nov 2026 08:16:00 +0000\r\n"
     "Message-ID: <picture-1@elsewhere.example>\r\n"
     "Subject: A picture\r\n"
     "MIME-Version: 1.0\r\n"
     "Content-Type: multipart/mixed; boundary=\"=-demo\"\r\n"
     "\r\n"
     "--=-demo\r\n"
     "Content-Type: text/plain; charset=utf-8\r\n"
     "Content-Transfer-Encoding: quoted-printable\r\n"
     "\r\n"
     "Gr=C3=BC=C3=9Fe, the picture is attached.\r\n"
     "--=-demo\r\n"
     "Content-Type: image/gif; name=\"dot.gif\"\r\n"
     "Content-Disposition: attachment; filename=\"dot.gif\"\r\n"
     "Content-Transfer-Encoding: base64\r\n"
     "\r\n"
     "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7\r\n"
     "--=-demo--\r\n"},
    {"news@elsewhere.example", "eve@demo.example",
     "From: News <news@elsewhere.example>\r\n"
     "To: eve@demo.example\r\n"
     "Date: Mon, 23 Nov 2026 08:17:00 +0000\r\n"
     "Message-ID: <news-1@elsewhere.example>\r\n"
     "Subject: Your weekly news\r\n"
     "List-Unsubscribe: <mailto:leave@elsewhere.example>\r\n"
     "Content-Type: text/html; charset=utf-8\r\n"
     "MIME-Version: 1.0\r\n"
     "\r\n"
     "<p>Everything is <b>well</b>.</p>\r\n"},
}};

}  // namespace heliopost
