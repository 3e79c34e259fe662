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
from hostile_messages import MESSAGES  # noqa: E402
from server import Server  # noqa: E402

ANN = "ann@a.example"
CPU_SECONDS_MAX = 2  # of a busy machine; the target is 1
imaplib._MAXLINE = 100_000_000
FIGURES = []


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


def message_attack(one):
    """One attack that is one message."""
    def play(server):
        check(server, one.name, one.make())
    play.__name__ = one.name.split(":")[0].replace(" ", "_")
    attack(one.name, one.reference)(play)


for one in MESSAGES:
    message_attack(one)


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
