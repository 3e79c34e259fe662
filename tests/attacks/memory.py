#!/usr/bin/env python3
"""A known password is looked for in the memory of the running server, right after logins and a while later.

What a core dump would hold, /proc/PID/mem shows; only root may read it. docs/security.md says what stays and why.
"""

import base64
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from attack import Client  # noqa: E402
from server import Server  # noqa: E402

ANN = "ann@a.example"
CANARY = "canary-7Yq2-password-never-to-be-found-again-x4"  # longer than any text that is kept without an allocation
SKIPPED = 77
COPIES_MAX = int(os.environ.get("HELIOPOST_COPIES", "0"))
MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw\S+ \S+ \S+ (\d+)\s*(.*)$")


def found_in(server, words):
    """[(the mapping, its place, the octets around)] of every word in writable memory."""
    hits = []
    with open(f"/proc/{server.process.pid}/mem", "rb", 0) as memory:
        for line in pathlib.Path(f"/proc/{server.process.pid}/maps").read_text().splitlines():
            match = MAPPING.match(line)
            if not match:
                continue
            low, high = int(match.group(1), 16), int(match.group(2), 16)
            try:
                memory.seek(low)
                octets = memory.read(high - low)
            except (OSError, ValueError):
                continue
            for word in words:
                at = octets.find(word)
                while at >= 0:
                    hits.append((match.group(4) or "anonymous", hex(low + at), octets[max(0, at - 40):at + 60]))
                    at = octets.find(word, at + 1)
    return hits


def log_in_everywhere(server):
    plain = base64.b64encode(f"\0{ANN}\0{CANARY}".encode())
    clients = []
    for command in f'A LOGIN {ANN} "{CANARY}"\r\n'.encode(), b"A AUTHENTICATE PLAIN " + plain + b"\r\n":
        client = Client(server, "imaps", tls=True)
        client.line()
        client.send(command)
        assert client.line().startswith(b"A OK")
        client.send(b"B NOOP\r\n")
        client.line()
        clients.append(client)
    client = Client(server, "pop3s", tls=True)
    client.line()
    for command in f"USER {ANN}\r\n".encode(), f"PASS {CANARY}\r\n".encode(), b"NOOP\r\n":
        client.send(command)
        assert client.line().startswith(b"+OK")
    clients.append(client)
    client = Client(server, "submissions", tls=True)
    client.reply()
    client.say(b"EHLO x")
    assert client.say(b"AUTH PLAIN " + plain)[0] == 235
    client.say(b"NOOP")
    clients.append(client)
    return clients, [CANARY.encode(), base64.b64encode(CANARY.encode())[:40], plain[-40:]]


def main():
    if os.geteuid() != 0:
        print("memory: not root, who alone may look into the server")
        return SKIPPED
    with Server() as server:
        server.add_account("bob@a.example")
        server.command("account", "add", ANN, "--password-stdin", stdin=CANARY + "\n")
        clients, words = log_in_everywhere(server)
        now = found_in(server, words)
        for client in clients:
            client.close()
        for _ in range(3):  # other work takes the place of what was freed
            server.messages("bob@a.example")
        later = found_in(server, words)
        for when, hits in ("right after the logins", now), ("after other work", later):
            print(f"{when}: {len(hits)} copies")
            for mapping, place, around in hits:
                print(f"  {mapping} {place} {around!r}")
        assert len(now) <= COPIES_MAX, f"{len(now)} copies of the password"
    return 0


if __name__ == "__main__":
    sys.exit(main())
