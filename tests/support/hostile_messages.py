"""Messages that cost mail servers minutes or their lives: docs/security.md has a row for each.

MESSAGES has them by name, with the attack they stand for; make() builds one when it is wanted: some are of 20 MB.
"""

import typing


class Hostile(typing.NamedTuple):
    name: str
    reference: str
    make: typing.Callable[[], bytes]


def nested(depth):
    levels = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(depth))
    return b"Subject: nested\r\n" + b"".join(levels) + b"\r\nx\r\n"


def lines(line, count):
    return (line + b"\r\n") * count


MIXED = b"Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
MESSAGES = [
    Hostile("nesting: multipart in multipart, 20,000 deep", "CVE-2020-12100", lambda: nested(20_000)),
    Hostile("messages: message in message, 50,000 deep", "CVE-2020-12100",
            lambda: b"Subject: s\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 50_000 + b"x\r\n"),
    Hostile("parts: a million", "part floods", lambda: MIXED + b"--b\r\n\r\n" * 1_000_000),
    Hostile("boundaries: lines that almost are one", "boundary floods",
            lambda: MIXED + b"--b\r\n\r\n" + lines(b"--" + b"b" * 70, 200_000)),
    Hostile("addresses: 500,000 in one field", "CVE-2024-23184",
            lambda: b"To: a@b.example" + b",\r\n c@d.example" * 500_000 + b"\r\n\r\nx\r\n"),
    Hostile("address fields: 100,000", "CVE-2024-23184",
            lambda: b"".join(lines(n + b": a@b.example", 20_000) for n in (b"From", b"To", b"Cc", b"Bcc",
                                                                           b"Reply-To")) + b"\r\nx\r\n"),
    Hostile("header: 20 MB", "CVE-2024-23185", lambda: lines(b"X-Filler: " + b"y" * 900, 22_000) + b"\r\nx\r\n"),
    Hostile("parameters: 100,000 of RFC 2231", "CVE-2026-27859",
            lambda: b"Content-Type: text/plain" + b"".join(b";\r\n x*%d*=%%41" % i for i in range(100_000))
            + b"\r\n\r\nx\r\n"),
    Hostile("comments: nested, and ending in a backslash", "comment floods",
            lambda: b"From: " + b"(" * 900 + b"\r\n " + b"\r\n ".join([b"(" * 900] * 500) + b"\\\r\n\r\nx\r\n"),
    Hostile("groups: broken ones", "address groups",
            lambda: b"From: a:;;;,<>:\r\nTo: " + b"\r\n ".join([b"g:a@b,;:<@,:(" * 60] * 1_000) + b"\r\n\r\nx\r\n"),
    Hostile("quotes: that never end", "address floods",
            lambda: b"From: " + b"\r\n ".join([b"\"" + b"\\\"" * 400] * 1_000) + b"\r\n\r\nx\r\n"),
    Hostile("encoded words: 100,000, cut and empty", "encoded-word floods",
            lambda: b"Subject: " + b"\r\n ".join([b"=?utf-8?q?a?= =?utf-8?b??= =?x?q?" * 20] * 5_000)
            + b"\r\n\r\nx\r\n"),
    Hostile("references: 200,000", "References floods",
            lambda: b"References: " + b"\r\n ".join([b"<a@b> " * 100] * 2_000) + b"\r\n\r\nx\r\n"),
    Hostile("differentials: two From, NUL after a name, an encoded group", "parser differentials",
            lambda: b"From: ann@a.example\r\nFrom: eve@b.example\r\nFrom:\0x@c.example\r\n"
            b"From : =?utf-8?q?a:b=3B?= <y@d.example>\r\n\r\nx\r\n"),
    Hostile("encodings: base64 and quoted-printable that are none", "transfer encodings",
            lambda: MIXED + b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines(b"=" * 76, 20_000)
            + b"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + lines(b"=" * 70 + b" " * 6, 20_000)),
    Hostile("html: tags that never end", "preview of hostile HTML",
            lambda: b"Content-Type: text/html\r\n\r\n" + lines(b"<" * 900, 2_000) + lines(b"&#x" * 300, 2_000)),
]
