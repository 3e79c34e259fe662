#!/usr/bin/env python3
"""Messages that cost mail servers minutes or their lives, against the released program: docs/security.md.

Each is delivered, read back octet for octet, and read through ENVELOPE, BODYSTRUCTURE, SEARCH and POP3's TOP. The
seconds are of the server's process, for delivery and for reading: L3 of docs/reliability.md asks for 1 each. The
figure is printed and held at CPU_SECONDS_MAX; HELIOPOST_FIGURES names a file for the table.
"""

import imaplib
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from attack import attack, cpu_seconds, deliver, empty, resident_octets, run  # noqa: E402
from server import Server  # noqa: E402

ANN = "ann@a.example"
CPU_SECONDS_MAX = 2  # of a busy machine; the target is 1
imaplib._MAXLINE = 100_000_000
FIGURES = []


def nested(depth):
    levels = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(depth))
    return b"Subject: nested\r\n" + b"".join(levels) + b"\r\nx\r\n"


def lines(line, count):
    return (line + b"\r\n") * count


def check(server, name, message):
    begin = cpu_seconds(server)
    code, text = deliver(server, message)
    delivery = cpu_seconds(server) - begin
    assert code in (250, 552, 554), text
    if code != 250:
        FIGURES.append((name, len(message), delivery, 0.0))
        return
    begin = cpu_seconds(server)
    client = server.imap(ANN)
    client.select("INBOX")
    number = client.search(None, "ALL")[1][0].split()[-1].decode()
    for items in "(ENVELOPE)", "(BODYSTRUCTURE)", "(BODY.PEEK[HEADER] RFC822.SIZE)", "(BODY.PEEK[1.MIME])":
        assert client.fetch(number, items)[0] == "OK", items
    assert client.search(None, "FROM", "nobody", "TEXT", "absent")[0] == "OK"
    reading = cpu_seconds(server) - begin
    whole = client.fetch(number, "(BODY.PEEK[])")[1][0][1]
    stuffed = message if message.endswith(b"\r\n") else message + b"\r\n"
    assert whole.endswith(stuffed), "not octet for octet"
    client.logout()
    FIGURES.append((name, len(message), delivery, reading))
    assert delivery < CPU_SECONDS_MAX and reading < CPU_SECONDS_MAX, f"{delivery:.2f} s, {reading:.2f} s"
    empty(server, ANN)


def message_attack(name, reference, message):
    """One attack that is one message."""
    def play(server):
        check(server, name, message())
    play.__name__ = name.split(":")[0].replace(" ", "_")
    attack(name, reference)(play)


MIXED = b"Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
message_attack("nesting: multipart in multipart, 20,000 deep", "CVE-2020-12100", lambda: nested(20_000))
message_attack("messages: message in message, 50,000 deep", "CVE-2020-12100",
               lambda: b"Subject: s\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 50_000 + b"x\r\n")
message_attack("parts: a million", "part floods", lambda: MIXED + b"--b\r\n\r\n" * 1_000_000)
message_attack("boundaries: lines that almost are one", "boundary floods",
               lambda: MIXED + b"--b\r\n\r\n" + lines(b"--" + b"b" * 70, 200_000))
message_attack("addresses: 500,000 in one field", "CVE-2024-23184",
               lambda: b"To: a@b.example" + b",\r\n c@d.example" * 500_000 + b"\r\n\r\nx\r\n")
message_attack("address fields: 100,000", "CVE-2024-23184",
               lambda: b"".join(lines(n + b": a@b.example", 20_000) for n in (b"From", b"To", b"Cc", b"Bcc",
                                                                              b"Reply-To")) + b"\r\nx\r\n")
message_attack("header: 20 MB", "CVE-2024-23185", lambda: lines(b"X-Filler: " + b"y" * 900, 22_000) + b"\r\nx\r\n")
message_attack("parameters: 100,000 of RFC 2231", "CVE-2026-27859",
               lambda: b"Content-Type: text/plain" + b"".join(b";\r\n x*%d*=%%41" % i for i in range(100_000))
               + b"\r\n\r\nx\r\n")
message_attack("comments: nested, and ending in a backslash", "comment floods",
               lambda: b"From: " + b"(" * 900 + b"\r\n " + b"\r\n ".join([b"(" * 900] * 500) + b"\\\r\n\r\nx\r\n")
message_attack("groups: broken ones", "address groups",
               lambda: b"From: a:;;;,<>:\r\nTo: " + b"\r\n ".join([b"g:a@b,;:<@,:(" * 60] * 1_000) + b"\r\n\r\nx\r\n")
message_attack("quotes: that never end", "address floods",
               lambda: b"From: " + b"\r\n ".join([b"\"" + b"\\\"" * 400] * 1_000) + b"\r\n\r\nx\r\n")
message_attack("encoded words: 100,000, cut and empty", "encoded-word floods",
               lambda: b"Subject: " + b"\r\n ".join([b"=?utf-8?q?a?= =?utf-8?b??= =?x?q?" * 20] * 5_000)
               + b"\r\n\r\nx\r\n")
message_attack("references: 200,000", "References floods",
               lambda: b"References: " + b"\r\n ".join([b"<a@b> " * 100] * 2_000) + b"\r\n\r\nx\r\n")
message_attack("differentials: two From, NUL after a name, an encoded group", "parser differentials",
               lambda: b"From: ann@a.example\r\nFrom: eve@b.example\r\nFrom:\0x@c.example\r\n"
               b"From : =?utf-8?q?a:b=3B?= <y@d.example>\r\n\r\nx\r\n")
message_attack("encodings: base64 and quoted-printable that are none", "transfer encodings",
               lambda: MIXED + b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines(b"=" * 76, 20_000)
               + b"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + lines(b"=" * 70 + b" " * 6, 20_000))
message_attack("html: tags that never end", "preview of hostile HTML",
               lambda: b"Content-Type: text/html\r\n\r\n" + lines(b"<" * 900, 2_000) + lines(b"&#x" * 300, 2_000))


@attack("memory after all of them", "L2 of docs/reliability.md")
def memory(server):
    grown = resident_octets(server) - START["octets"]
    print(f"  memory: {grown / (1 << 20):.0f} MiB more than at the start")
    START["grown"] = grown
    assert grown < 256 << 20, f"{grown} octets"


START = {}


@attack("memory before", "L2 of docs/reliability.md")
def memory_before(server):
    deliver(server, b"Subject: first\r\n\r\nx\r\n")
    empty(server, ANN)
    START["octets"] = resident_octets(server)


def main():
    from attack import ATTACKS
    ATTACKS.insert(0, ATTACKS.pop())
    try:
        run(Server("a.example"), [ANN])
    finally:
        report = [f"| {name} | {size / 1e6:.1f} MB | {delivery:.2f} s | {reading:.2f} s |"
                  for name, size, delivery, reading in FIGURES]
        print("\n".join(["| message | size | delivery | FETCH, SEARCH |", "| --- | --- | --- | --- |", *report]))
        if os.environ.get("HELIOPOST_FIGURES"):
            pathlib.Path(os.environ["HELIOPOST_FIGURES"]).write_text("\n".join(report) + "\n")


if __name__ == "__main__":
    main()
