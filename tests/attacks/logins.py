#!/usr/bin/env python3
"""Attacks on logins, TLS and the host's secrets, against the released program: docs/security.md.

Guesses come from addresses of their own, so that the delays of one attack do not hold up the next.
"""

import base64
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from attack import Client, attack, resident_octets, run  # noqa: E402
from server import PASSWORD, Server  # noqa: E402

ANN, BOB = "ann@a.example", "bob@a.example"
GUESS = "canary-guess-71923"


def plain(user, password, authorize_as=""):
    return base64.b64encode(f"{authorize_as}\0{user}\0{password}".encode())


def imap(server, source="127.0.0.1", tls=True):
    client = Client(server, "imaps" if tls else "imap", source, tls)
    client.line()
    return client


def submission(server, source="127.0.0.1"):
    client = Client(server, "submissions", source, tls=True)
    client.reply()
    assert client.say(b"EHLO x")[0] == 250
    return client


def answer(server, user, password, source):
    """The words of a refused login over three protocols, without tags and names."""
    words = []
    with imap(server, source) as client:
        client.send(f'A LOGIN "{user}" "{password}"\r\n'.encode())
        words.append(client.line())
    with Client(server, "pop3s", source, tls=True) as client:
        client.line()
        client.send(f"USER {user}\r\n".encode())
        words.append(client.line())
        client.send(f"PASS {password}\r\n".encode())
        words.append(client.line())
    with submission(server, source) as client:
        words.append(client.say(b"AUTH PLAIN " + plain(user, password))[1])
    return words


@attack("before: both have logged in from here, as their mail programs do", "known good addresses")
def known_good(server):
    for user in ANN, BOB:
        server.imap(user).logout()


@attack("who is here: the words of a refused login", "account enumeration")
def enumeration(server):
    known, unknown = answer(server, ANN, GUESS, "127.0.1.1"), answer(server, "nobody@a.example", GUESS, "127.0.1.2")
    assert known == unknown, (known, unknown)


@attack("who is here: the time of a refused login", "account enumeration by time")
def enumeration_by_time(server):
    def took(user, source):
        with imap(server, source) as client:
            begin = time.monotonic()
            client.send(f'A LOGIN "{user}" "{GUESS}"\r\n'.encode())
            assert client.line().startswith(b"A NO")
            return time.monotonic() - begin

    # One guess for each name and address: no delay is in it, only the hash. The names have no failures yet.
    server.add_account("c1@a.example"), server.add_account("c2@a.example"), server.add_account("c3@a.example")
    known = min(took(f"c{i}@a.example", f"127.0.2.{i}") for i in (1, 2, 3))
    unknown = min(took(f"d{i}@a.example", f"127.0.2.{10 + i}") for i in (1, 2, 3))
    assert max(known, unknown) < 3 * min(known, unknown) + 0.01, (known, unknown)


@attack("guessing: each answer comes later, an honest user elsewhere is not shut out", "brute force")
def brute_force(server):
    with imap(server, "127.0.3.1") as client:
        begin = time.monotonic()
        for _ in range(4):
            client.send(f'A LOGIN "{BOB}" "{GUESS}"\r\n'.encode())
            assert client.line().startswith(b"A NO")
        assert time.monotonic() - begin > 2.5, "four guesses in no time"
    begin = time.monotonic()
    with imap(server, "127.0.0.1") as client:  # ann's address, known to be good for her
        client.send(f'A LOGIN "{ANN}" "{PASSWORD}"\r\n'.encode())
        assert client.line().startswith(b"A OK")
    assert time.monotonic() - begin < 2


@attack("passwords in the clear are not taken", "RFC 9051 §6.2.3, RFC 8314")
def clear_text(server):
    with imap(server, "127.0.4.1", tls=False) as client:
        capability = b"".join(client.tagged(b"C", b"CAPABILITY"))
        assert b"LOGINDISABLED" in capability and b"AUTH=PLAIN" not in capability
        assert client.tagged(b"A", f'LOGIN "{ANN}" "{PASSWORD}"'.encode())[-1].startswith((b"A NO", b"A BAD"))
        client.send(b"B AUTHENTICATE PLAIN " + plain(ANN, PASSWORD) + b"\r\n")
        assert client.line().startswith((b"B NO", b"B BAD"))
    with Client(server, "pop3", "127.0.4.1") as client:
        client.line()
        client.send(f"USER {ANN}\r\n".encode())
        assert client.line().startswith(b"-ERR")
    with Client(server, "submission", "127.0.4.1") as client:
        client.reply()
        assert b"AUTH" not in client.say(b"EHLO x")[1]
        assert client.say(b"AUTH PLAIN " + plain(ANN, PASSWORD))[0] in (530, 538, 503)


@attack("base64 that is none", "bad base64 in AUTH")
def bad_base64(server):
    for text in b"!!!!", b"====", b"A", b"AAA", b"AAAA=AAAA", b"\x00AAA", b"A" * 11_000, b"*", b"=":
        with submission(server, "127.0.5.1") as client:
            assert client.say(b"AUTH PLAIN " + text)[0] in (500, 501, 535), text[:10]
        with imap(server, "127.0.5.1") as client:
            client.send(b"A AUTHENTICATE PLAIN\r\n")
            client.line()
            client.send(text + b"\r\n")
            assert client.line().startswith((b"A BAD", b"A NO", b"* BAD")) or text == b"\x00AAA"


@attack("mechanisms that are none of ours", "Exim's AUTH: SPA, EXTERNAL, NTLM")
def mechanisms(server):
    for name in b"NTLM", b"EXTERNAL", b"SPA", b"GSSAPI", b"CRAM-MD5", b"ANONYMOUS", b"XOAUTH2", b"DIGEST-MD5":
        with submission(server, "127.0.5.2") as client:
            assert client.say(b"AUTH " + name + b" AAAA")[0] == 504, name


@attack("names that another program would expand", "CVE-2017-2669, SQL, LDAP, shell")
def hostile_names(server):
    for i, name in enumerate((b"%{a}" * 200 + b"@a.example", b"' OR '1'='1' --@a.example", b"*)(uid=*@a.example",
                              b"ann@a.example\x00.b.example", b"$(id)@a.example", b"../../ann@a.example",
                              b"\xff\xfe@a.example", b"a" * 900 + b"@a.example", b"ann@a.example%00")):
        with submission(server, f"127.0.6.{i + 1}") as client:
            code, text = client.say(b"AUTH PLAIN " + base64.b64encode(b"\0" + name + b"\0" + PASSWORD.encode()))
            assert code in (501, 535), (name, text)


@attack("the right password, but as somebody else", "authzid, RFC 4422 §3.4.1")
def authorize_as(server):
    for i, other in enumerate((BOB, "nobody@a.example", "root", "ann@a.example\0bob@a.example")):
        with submission(server, f"127.0.7.{i + 1}") as client:
            assert client.say(b"AUTH PLAIN " + plain(ANN, PASSWORD, other))[0] in (501, 535), other
    with submission(server, "127.0.7.9") as client:
        assert client.say(b"AUTH PLAIN " + plain(ANN, PASSWORD, ANN))[0] == 235


@attack("forged senders of our own users", "Composition Kills, USENIX Security 2020; RFC 6409 §6.1")
def forged_sender(server):
    for envelope, header in ((BOB, BOB), (ANN, BOB), ("", BOB), ("x@b.example", ANN)):
        with submission(server) as client:
            assert client.say(b"AUTH PLAIN " + plain(ANN, PASSWORD))[0] == 235
            code = client.say(f"MAIL FROM:<{envelope}>".encode())[0]
            if code == 250:
                client.say(f"RCPT TO:<{BOB}>".encode())
                code = client.say(b"DATA")[0]
            if code == 354:
                client.send(f"From: <{header}>\r\nSubject: forged\r\n\r\nx\r\n.\r\n".encode())
                code = client.reply()[0]
            assert code >= 500, (envelope, header, code)
    with submission(server) as client:  # two authors, one of them another
        client.say(b"AUTH PLAIN " + plain(ANN, PASSWORD))
        client.send(f"MAIL FROM:<{ANN}>\r\nRCPT TO:<{BOB}>\r\nDATA\r\n".encode())
        assert [client.reply()[0] for _ in range(3)] == [250, 250, 354]
        client.send(f"From: <{ANN}>\r\nFrom: <{BOB}>\r\nSubject: forged\r\n\r\nx\r\n.\r\n".encode())
        assert client.reply()[0] >= 500
    assert not any(b"forged" in m for m in server.messages(BOB))


@attack("old TLS, weak ciphers, other protocols' ALPN, renegotiation", "RFC 9325; ALPACA")
def tls(server):
    def handshake(service, *words):
        done = subprocess.run(["openssl", "s_client", "-connect", f"{server.address}:{server.ports[service]}",
                               "-cipher", "ALL:@SECLEVEL=0", *words], input=b"", capture_output=True, timeout=30)
        return done.returncode == 0 and b"Cipher is (NONE)" not in done.stdout

    for service in "imaps", "submissions", "pop3s":
        assert handshake(service, "-tls1_2"), service
        for words in (["-tls1"], ["-tls1_1"], ["-tls1_2", "-cipher", "RSA:@SECLEVEL=0"],
                      ["-tls1_2", "-cipher", "3DES:RC4:eNULL:aNULL:@SECLEVEL=0"], ["-tls1_2", "-cipher", "CBC"],
                      ["-alpn", "http/1.1"], ["-alpn", "h2"]):
            assert not handshake(service, *words), (service, words)
    context = server.tls()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection((server.address, server.ports["imaps"])) as plain_socket:
        with context.wrap_socket(plain_socket, server_hostname="localhost") as client:
            assert client.version() == "TLSv1.2"
            assert client.compression() is None


@attack("handshakes that stop half way, and connections that say nothing", "slowloris")
def half_handshakes(server):
    before, held = resident_octets(server), []
    for i in range(200):
        for service in "imaps", "smtp", "submissions":
            client = socket.create_connection((server.address, server.ports[service]), timeout=20,
                                              source_address=(f"127.0.{20 + i // 50}.{1 + i % 50}", 0))
            client.sendall(b"\x16\x03\x01\x02\x00\x01" if service != "smtp" else b"EHL")
            held.append(client)
    begin = time.monotonic()
    with imap(server) as client:
        client.send(f'A LOGIN "{ANN}" "{PASSWORD}"\r\n'.encode())
        assert client.line().startswith(b"A OK")
    assert time.monotonic() - begin < 2, "an honest client waits"
    assert resident_octets(server) - before < 64 << 20
    for client in held:
        client.close()


@attack("lines of the log that the peer writes", "log injection")
def log_injection(server):
    with submission(server, "127.0.8.1") as client:
        client.say(b"AUTH PLAIN " + plain("x\r\nlevel=info event=login user=evil result=ok", GUESS))
    with Client(server, "smtp", "127.0.8.1") as client:
        client.reply()
        client.say(b"EHLO \x1b[2Jevent=evil")
        client.say(b"MAIL FROM:<\"a\x1b]0;x\x07\"@b.example>")
        client.say(b"RCPT TO:<\"x y=z event=evil\"@a.example>")
    log = server.log_text()
    assert "\x1b" not in log and "\x07" not in log and "\0" not in log
    assert not any(line.startswith("level=info event=login user=evil") for line in log.split("\n"))
    assert not any(" event=evil" in line.split(" from=")[0].split(" to=")[0] for line in log.split("\n"))


@attack("secrets in files and logs", "the canary: a known password")
def canary(server):
    """No file of the server and no line of its log holds a password, as it is or in base64."""
    with submission(server) as client:
        assert client.say(b"AUTH PLAIN " + plain(ANN, PASSWORD))[0] == 235
    wanted = [PASSWORD.encode(), GUESS.encode(), plain(ANN, PASSWORD), base64.b64encode(PASSWORD.encode())]
    files = [path for path in server.directory.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        octets = path.read_bytes()
        for word in wanted:
            assert word not in octets, f"{word!r} in {path}"
    if os.geteuid() == 0:
        for path in pathlib.Path(f"/proc/{server.process.pid}").glob("environ"):
            assert PASSWORD.encode() not in path.read_bytes()


@attack("what others on the machine may open", "spool races, setuid")
def host(server):
    store = server.directory / "store"
    assert store.stat().st_mode & 0o077 == 0, oct(store.stat().st_mode)
    assert not any(path.is_symlink() for path in store.rglob("*"))
    assert (server.directory / "admin.sock").stat().st_mode & 0o007 == 0
    chain = server.directory / "chain.pem"
    chain.write_text(server.certificate.read_text() * 2_000)  # main/certificate_octets_max
    done = server.command("cert", "install", "--certificate", str(chain), "--key", str(server.key), check=False)
    assert done.returncode != 0 and "too large" in done.stderr, done.stderr
    for name, value in ("Dumpable", None), ("CoreDumping", "0"):
        for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                assert value is None or line.split()[1] == value
    limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
    print("  " + next(line for line in limits.splitlines() if line.startswith("Max core")))
    assert threading.active_count() == 1


if __name__ == "__main__":
    run(Server("a.example"), [ANN, BOB])
