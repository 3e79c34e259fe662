#!/usr/bin/env python3
"""Attacks that IMAP and POP3 servers met, against the released program: docs/security.md."""

import concurrent.futures
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from attack import Client, attack, empty, resident_octets, run  # noqa: E402
from server import PASSWORD, Server, make_message  # noqa: E402

ANN, BOB, SMALL = "ann@a.example", "bob@a.example", "small@a.example"
GROWTH_OCTETS_MAX = 64 << 20  # L2 of docs/reliability.md


def imap(server, user=None):
    client = Client(server, "imaps", tls=True)
    assert client.line().startswith(b"* OK")
    if user:
        client.send(f'A LOGIN {user} "{PASSWORD}"\r\n'.encode())
        assert client.line().startswith(b"A OK")
    return client


def last(client, command):
    return client.tagged(b"T", command)[-1]


@attack("literals before login: sizes and numbers that hold memory", "CVE-2026-27858, RFC 7888 §5")
def literals_before_login(server):
    before = resident_octets(server)
    clients = []
    for _ in range(60):
        client = imap(server)
        clients.append(client)
        client.send(b"A LOGIN {4096+}\r\n" + b"x" * 4096)
    assert resident_octets(server) - before < GROWTH_OCTETS_MAX
    for client in clients:
        client.close()
    for literal in b"{4097+}", b"{1000000000+}", b"{4294967296+}", b"{99999999999999999999+}":
        with imap(server) as client:
            client.send(b"A LOGIN " + literal + b"\r\n")
            assert client.line().startswith(b"A BAD") and client.closed(), literal
    with imap(server) as client:
        client.send(b"A LOGIN {1000000000}\r\n")
        assert client.line().startswith(b"A BAD")


@attack("many literals in one command", "literal floods")
def many_literals(server):
    with imap(server, ANN) as client:
        client.send(b"T SEARCH" + b" TEXT {1+}\r\nx" * 5_000 + b"\r\n")
        assert client.line().startswith(b"T BAD")
        assert last(client, b"NOOP").startswith(b"T OK")


@attack("parentheses that are never closed, and deep nesting", "CVE-2026-27857")
def parentheses(server):
    before = resident_octets(server)
    held = []
    for _ in range(30):
        client = imap(server)
        client.send(b"A NOOP " + b"(" * 4_000)
        held.append(client)
    assert resident_octets(server) - before < GROWTH_OCTETS_MAX
    for client in held:
        client.close()
    with imap(server, ANN) as client:
        for command in (b"NOOP " + b"(" * 4_000 + b")" * 4_000, b"SEARCH " + b"(" * 30_000, b"FETCH 1 " + b"(" * 60_000,
                        b"SEARCH " + b"NOT " * 15_000 + b"SEEN", b"ID (" + b"\"a\" \"b\" " * 6_000 + b")"):
            assert last(client, command).startswith(b"T BAD"), command[:20]
        assert last(client, b"NOOP").startswith(b"T OK")


@attack("names that leave the account", "traversal by mailbox names, modified UTF-7")
def traversal(server):
    files = sorted(str(p) for p in server.directory.rglob("*") if "store" not in str(p))
    with imap(server, ANN) as client:
        for name in (b"../../../etc/passwd", b"/etc/passwd", b"~root", b"..", b"a/../../b", b"&AC4ALg-", b"&AC4ALg-/x",
                     b"a&AAA-b", b"&2AA-", b"\"a\\\\..\\\\b\"", b"#shared/bob@a.example/INBOX", b"user/bob",
                     b"{6+}\r\nx\r\n* x", b"{3+}\r\na\x00b"):
            for verb in b"SELECT", b"STATUS", b"CREATE":
                client.send(b"T " + verb + b" " + name + (b" (MESSAGES)" if verb == b"STATUS" else b"") + b"\r\n")
                line = client.line()
                while line.startswith(b"* "):
                    line = client.line()
                assert not line.startswith(b"T OK") or verb == b"CREATE", (verb, name, line)  # a name like any
                if not line:
                    client = imap(server, ANN)  # NUL: the connection may end
    assert sorted(str(p) for p in server.directory.rglob("*") if "store" not in str(p)) == files


@attack("other users' mailboxes: absent and forbidden look the same", "mailbox names as an oracle")
def other_users(server):
    with imap(server, ANN) as client:
        answers = set()
        for name in b"bob@a.example", b"nobody@a.example":
            for command in (b"SELECT \"#user/" + name + b"/INBOX\"", b"STATUS \"" + name + b"/INBOX\" (MESSAGES)",
                            b"GETACL \"" + name + b"\"", b"GETQUOTAROOT \"#user/" + name + b"\"",
                            b"LIST \"\" \"" + name + b"/*\""):
                answers.add((command.split()[0], last(client, command)))
        assert len(answers) == len({verb for verb, _ in answers}), answers


@attack("CR LF in names and flags", "response injection")
def injection(server):
    with imap(server, ANN) as client:
        for command in (b"CREATE {14+}\r\na\r\n* 5 EXISTS\r", b"SELECT {12+}\r\nx\r\nT2 LOGOUT",
                        b"STORE 1 FLAGS ({6+}\r\na\r\n* b)", b"ID (\"name\" {8+}\r\na\r\n* BYE)"):
            client.send(b"T " + command + b"\r\n")
            for _ in range(4):
                line = client.line()
                assert not line.startswith((b"* 5 EXISTS", b"* BYE", b"T2 ")), line
                if line.startswith(b"T ") or not line:
                    break
        assert last(client, b"NOOP").startswith(b"T OK")


@attack("an APPEND that breaks off", "torn APPEND")
def torn_append(server):
    for sent in 0, 1, 500, 999:
        client = imap(server, ANN)
        client.send(b"A APPEND INBOX {1000+}\r\n" + b"Subject: torn\r\n"[:sent] + b"x" * max(0, sent - 15))
        client.close()
    assert not any(b"torn" in m for m in server.messages(ANN))


@attack("sets and numbers that overflow", "RFC 9051 §9 nz-number")
def numbers(server):
    with imap(server, ANN) as client:
        client.tagged(b"S", b"SELECT INBOX")
        for numbers in b"4294967296", b"0", b"99999999999999999999", b"1:99999999999", b"-1", b"1:", b",1", b"1,,2":
            assert last(client, b"FETCH " + numbers + b" FLAGS").startswith(b"T BAD"), numbers
            assert last(client, b"UID STORE " + numbers + b" FLAGS ()").startswith(b"T BAD"), numbers
        assert last(client, b"UID FETCH " + b"1:4294967295," * 4_000 + b"1 FLAGS").startswith((b"T OK", b"T BAD"))
        assert last(client, b"FETCH 1 BODY[]<4294967295.4294967295>").startswith((b"T OK", b"T BAD"))
        assert last(client, b"FETCH 1 BODY[" + b"1." * 5_000 + b"1]").startswith(b"T BAD")


@attack("a bomb of compressed commands", "COMPRESS, RFC 4978")
def compress(server):
    with imap(server, ANN) as client:
        assert b"COMPRESS" not in b"".join(client.tagged(b"C", b"CAPABILITY"))
        assert last(client, b"COMPRESS DEFLATE").startswith(b"T BAD")


@attack("100 APPENDs at once where one fits", "quota races")
def quota_race(server):
    server.command("account", "quota", SMALL, "1KiB")
    message = make_message("x@b.example", SMALL, "race", "y" * 700 + "\r\n").encode()

    server.imap(SMALL).logout()  # from here on this address is known to be good: no delays among its own logins

    def append(_):
        with imap(server, SMALL) as client:
            client.send(b"A APPEND INBOX {%d+}\r\n" % len(message) + message + b"\r\n")
            return client.line()

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(append, range(60)))
    assert sum(a.startswith(b"A OK") for a in answers) == 1, answers[:5]
    assert all(b"OVERQUOTA" in a for a in answers if a.startswith(b"A NO"))
    assert len(server.messages(SMALL)) == 1


@attack("commands behind STARTTLS and STLS in the same packet", "NO STARTTLS, USENIX Security 2021")
def starttls_injection(server):
    for service, command, injected, after in ((b"imap", b"A STARTTLS\r\n", b"B CAPABILITY\r\n", b"C NOOP\r\n"),
                                              (b"pop3", b"STLS\r\n", b"CAPA\r\n", b"NOOP\r\n")):
        with Client(server, service.decode()) as client:
            client.line()
            client.send(command + injected)
            client.line()
            try:
                client.wrap()
                client.send(after)
                line = client.line()
                assert not line.startswith((b"* CAPABILITY", b"+OK Capa", b"B ")), line
            except OSError:
                pass  # dropped: as good


@attack("POP3: numbers", "RFC 1939")
def pop3_numbers(server):
    client = Client(server, "pop3s", tls=True)
    client.line()
    client.send(f"USER {ANN}\r\nPASS {PASSWORD}\r\n".encode())
    assert client.line().startswith(b"+OK") and client.line().startswith(b"+OK")
    for number in b"0", b"-1", b"99999999999999999999", b"4294967297", b"1e1", b"0x1", b"\x00", b"2147483648":
        for verb in b"RETR ", b"DELE ", b"LIST ", b"UIDL ":
            client.send(verb + number + b"\r\n")
            line = client.line()
            assert line.startswith(b"-ERR") or line == b"", (verb, number, line)
            if line == b"" or b"too many" in line:
                client = Client(server, "pop3s", tls=True)
                client.line()
                client.send(f"USER {ANN}\r\nPASS {PASSWORD}\r\n".encode())
                client.line(), client.line()
    client.send(b"TOP 1 99999999999999999999\r\n")
    assert client.line().startswith(b"-ERR")
    client.close()
    empty(server, ANN)


if __name__ == "__main__":
    run(Server("a.example"), [ANN, BOB, SMALL])
