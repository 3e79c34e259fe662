#!/usr/bin/env python3
"""Attacks that SMTP servers met, against the released program: docs/security.md."""

import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from attack import Client, attack, deliver, empty, run, smtp, strangers  # noqa: E402
from server import Server  # noqa: E402

ANN = "ann@a.example"
STRANGERS = strangers()

# What some server once took for the end of a message, or made into it.
ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r.\n", b"\n.\r", b"\r\r\n.\r\n",
        b"\r\n.\r\r\n", b"\r\n\x00.\r\n", b"\r\n.\x00\r\n", b"\x00\r\n.\r\n\x00", b"\r\n.\x0b\r\n", b"\n\n.\n\n",
        b"\r\r.\r\r", b"\n\r.\n\r"]
SMUGGLED = b"MAIL FROM:<eve@b.example>\r\nRCPT TO:<ann@a.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"


def begin(server, service="smtp"):
    client = smtp(server, service, ehlo=b"LHLO x" if service == "lmtp" else b"EHLO client.b.example")
    assert client.say(b"MAIL FROM:<eve@b.example>")[0] == 250
    assert client.say(b"RCPT TO:<ann@a.example>")[0] == 250
    return client


def check_one_message(server, client):
    """However it ended, the server saw one message, and answers the next command as the next command."""
    code, text = client.reply()
    assert code in (0, 250, 550, 554), text
    if code:
        replies = [client.say(b"NOOP")[1]] + [client.say(b"VRFY x")[1]]
        assert replies[1].startswith(b"252"), replies
    messages = server.messages(ANN)
    assert not any(b"\nSubject: smuggled" in m.split(b"\r\n\r\n")[0] for m in messages), "a second message"


@attack("smuggling: what is no CR LF . CR LF ends no message, DATA", "CVE-2023-51764, CVE-2023-51765, CVE-2023-51766")
def smuggling(server):
    for service in "smtp", "lmtp":
        for end in ENDS:
            with begin(server, service) as client:
                assert client.say(b"DATA")[0] == 354
                real = b"" if b"\r\n.\r\n" in end else b"\r\n.\r\n"
                before, _, behind = end.partition(b"\r\n.\r\n")
                if real:
                    client.send(b"Subject: outer\r\n\r\nx" + end + SMUGGLED.replace(b"\r\n.\r\n", b"\r\n..\r\n") + real)
                else:  # the form has a true end within: what follows are commands, and wrong ones
                    client.send(b"Subject: outer\r\n\r\nx" + before + b"\r\n.\r\n")
                check_one_message(server, client)
        empty(server, ANN)


@attack("smuggling through BDAT, which has no end mark", "VU#302671")
def smuggling_by_chunks(server):
    for end in ENDS:
        with begin(server) as client:
            octets = b"Subject: outer\r\n\r\nx" + end + SMUGGLED
            client.send(b"BDAT %d LAST\r\n" % len(octets) + octets)
            check_one_message(server, client)
    empty(server, ANN)


@attack("commands behind STARTTLS in the same packet", "CVE-2011-0411; NO STARTTLS, USENIX Security 2021")
def starttls_injection(server):
    with smtp(server) as client:
        client.send(b"STARTTLS\r\nMAIL FROM:<eve@b.example>\r\n")
        assert client.reply()[0] in (0, 220)
        try:
            client.wrap()
        except OSError:
            return  # dropped: as good
        assert client.say(b"RCPT TO:<ann@a.example>")[0] in (0, 503), "the injected MAIL was taken"
    with smtp(server) as client:  # nor does what was said before count behind it
        assert client.say(b"MAIL FROM:<eve@b.example>")[0] == 250
        assert client.say(b"STARTTLS")[0] in (220, 503)
    with smtp(server) as client:
        assert client.say(b"STARTTLS")[0] == 220
        client.wrap()
        assert client.say(b"MAIL FROM:<eve@b.example>")[0] in (250, 503)
        assert client.say(b"STARTTLS")[0] == 503, "TLS within TLS"


@attack("state after a refused message or a bad BDAT", "Postfix HISTORY 20260724, 20260803, 20260812")
def state_after_refusal(server):
    with begin(server) as client:
        assert client.say(b"DATA")[0] == 354
        client.send(b"Received: x\r\n" * 101 + b"\r\nx\r\n.\r\n")
        assert client.reply()[0] == 554
        assert client.say(b"DATA")[0] == 503 and client.say(b"RCPT TO:<ann@a.example>")[0] == 503
    with begin(server) as client:
        # How many octets follow is not known: what comes behind it is never taken for commands.
        client.send(b"BDAT what\r\nMAIL FROM:<x@b.example>\r\nRCPT TO:<ann@a.example>\r\nDATA\r\nabc\r\n.\r\n")
        assert client.reply()[0] == 501 and client.closed()
    with begin(server) as client:
        client.send(b"BDAT 3\r\nabc")
        assert client.reply()[0] == 250
        assert client.say(b"DATA")[0] == 503 and client.say(b"MAIL FROM:<x@b.example>")[0] == 503
        assert client.say(b"RSET")[0] == 250 and client.say(b"DATA")[0] == 503
    with smtp(server) as client:
        client.send(b"BDAT 4 LAST\r\nRSETNOOP\r\n")  # without a transaction its octets are no commands
        assert client.reply()[0] == 503 and client.reply()[0] == 250
    assert not any(b"abc" in m for m in server.messages(ANN))


@attack("BDAT: floods, sizes that overflow", "Postfix HISTORY 20260805; BDAT in Exim, 2017")
def chunk_sizes(server):
    for size in b"-1", b"18446744073709551616", b"99999999999999999999999", b"0x10", b"1e3", b"1 LAST x", b"":
        with begin(server) as client:
            assert client.say(b"BDAT " + size)[0] == 501, size
    for size in b"9223372036854775807", b"18446744073709551615":
        with begin(server) as client:
            client.send(b"BDAT " + size + b"\r\nabc\r\n.\r\n")
            client.close()
    with begin(server) as client:
        client.send(b"BDAT 1\r\nx" * 20_001)
        codes = set()
        for _ in range(20_001):
            codes.add(client.reply()[0])
        assert codes == {250, 552}, codes


@attack("commands in addresses", "CVE-2020-7247; Exim, 2019")
def no_shell(server):
    mark = pathlib.Path(tempfile.gettempdir()) / f"heliopost-attack-{server.process.pid}"
    path = str(mark).encode()
    for word in (b"${run{/bin/touch\\t" + path + b"}}", b";touch " + path + b";", b"`touch${IFS}" + path + b"`",
                 b"|touch " + path, b"$(touch " + path + b")", b"\"|touch " + path + b"\"",
                 b"\"a\\\x00`touch " + path + b"`\"", b"../../../" + path, b"root+${run{x}}"):
        for verb, to in (b"MAIL FROM", b"b.example"), (b"RCPT TO", b"a.example"), (b"RCPT TO", b"localhost"):
            with smtp(server, source=next(STRANGERS)) as client:
                if verb == b"RCPT TO":
                    client.say(b"MAIL FROM:<>")
                code, text = client.say(verb + b":<" + word + b"@" + to + b">")
                assert code in (250, 500, 501, 550, 553), text
                assert verb == b"MAIL FROM" or code != 250, text
    assert not mark.exists()


@attack("relay tricks: 33 forms from three senders", "abuse.net, RFC 5321 §4.1.2")
def relay(server):
    out, here, ip = b"eve@b.example", b"a.example", b"[127.0.0.1]"
    forms = [out, b"eve%b.example@" + here, b"\"eve@b.example\"@" + here, b"eve%b.example@" + ip,
             b"\"eve@b.example\"", b"\"eve%b.example\"", b"eve@b.example@" + here, b"eve@b.example@" + ip,
             b"b.example!eve", b"b.example!eve@" + here, b"b.example!eve@" + ip, b"@" + here + b":" + out,
             b"@" + ip + b":" + out, b"@" + here + b",@c.example:" + out, b"eve@[b.example]", b"eve%b.example",
             b"eve%b.example%" + here, b"b.example!a.example!eve", b"eve@b.example%" + here, b"eve@b.example.",
             b"EVE@B.EXAMPLE", b"eve@b.example\x00@" + here, b"\"eve\\@b.example\"@" + here,
             b"\"eve@b.example\"@" + ip, b"eve(x)@b.example", b"eve@b.example (a.example)", b"eve@[198.51.100.1]",
             b"eve@[IPv6:2001:db8::1]", b"ann@a.example%b.example", b"ann@a.example@b.example",
             b"@b.example:eve@b.example", b"eve@3325256705", b"eve@b\xc2\xadexample"]
    assert len(forms) == 33
    for sender in b"", b"ann@a.example", b"eve@b.example":
        for form in forms:
            with smtp(server, source=next(STRANGERS)) as client:
                assert client.say(b"MAIL FROM:<" + sender + b">")[0] == 250
                code, text = client.say(b"RCPT TO:<" + form + b">")
                assert code >= 500, f"{form!r}: {text!r}"
    with smtp(server) as client:  # the final mailbox decides: RFC 5321 §4.1.2
        client.say(b"MAIL FROM:<eve@b.example>")
        assert client.say(b"RCPT TO:<@b.example:ann@a.example>")[0] == 250
    assert server.rows("queue", "list") == []


@attack("sizes that lie or overflow", "RFC 1870")
def sizes(server):
    for size, want in ((b"99999999999", 552), (b"18446744073709551616", 501), (b"-1", 501), (b"1e9", 501), (b"", 501)):
        with smtp(server) as client:
            code, text = client.say(b"MAIL FROM:<> SIZE=" + size)
            assert code in (want, 552, 501, 555), text
    with smtp(server) as client:
        assert client.say(b"MAIL FROM:<> SIZE=1")[0] == 250
        client.say(b"RCPT TO:<ann@a.example>")
        client.say(b"DATA")
        client.send((b"x" * 998 + b"\r\n") * 60_000 + b".\r\n")
        assert client.reply()[0] == 552
        assert client.say(b"NOOP")[0] == 250


@attack("endless lines, fields and headers; NUL", "CVE-2024-23185, 21Nails")
def endless(server):
    with smtp(server) as client:
        try:
            client.send(b"x" * 3_000_000)
        except OSError:
            pass
        assert client.closed(), "a line without end is read for ever"
    for line in b"NOOP " + b"x" * 3_000, b"EHLO a\x00b", b"MAIL FROM:<a\x00b@b.example>", b"\x00" * 100:
        with smtp(server) as client:
            assert client.say(line)[0] in (500, 501), line[:20]
    for message in (b"X: " + b"y" * 900 + (b"\r\n " + b"y" * 900) * 20_000, b"X-A: b\r\n" * 500_000,
                    b"Subject: " + b"=?utf-8?q?x?= " * 60 + (b"\r\n " + b"=?utf-8?q?x?= " * 60) * 10_000):
        code, text = deliver(server, message + b"\r\n\r\nx\r\n")
        assert code in (250, 552, 554), text
    assert deliver(server, b"Subject: a\r\n\r\n" + b"x" * 2_000_000 + b"\r\n")[0] == 550
    empty(server, ANN)


@attack("memory: ninety messages of one address that stall", "a hostile reading")
def held_messages(server):
    part = b"".join(b"X-%05d: %s\r\n" % (n, b"x" * 900) for n in range(280))  # a header without end
    greedy, clients = next(STRANGERS), []
    for _ in range(90):
        clients.append(smtp(server, source=greedy))
        clients[-1].send(b"MAIL FROM:<x@b.example>\r\nRCPT TO:<ann@a.example>\r\nDATA\r\n")
        if [clients[-1].reply()[0] for _ in range(3)][2] == 354:
            clients[-1].send(part)
        else:
            clients.pop().close()  # an eighth of the budget is his already
    assert deliver(server, b"Subject: honest\r\n\r\nx\r\n")[0] == 250
    codes = []
    for client in clients:
        client.send(b"\r\nx\r\n.\r\n")
        codes.append(client.reply()[0])
        client.close()
    assert set(codes) <= {250, 452} and codes.count(250) <= 60, codes
    assert deliver(server, part + b"\r\nagain\r\n")[0] == 250
    empty(server, ANN)


@attack("a loop by Received", "RFC 5321 §6.3")
def loops(server):
    assert deliver(server, b"Received: from x by y\r\n" * 101 + b"\r\nx\r\n")[0] == 554
    assert deliver(server, b"Received: from x by y\r\n" * 100 + b"\r\nx\r\n")[0] == 250
    empty(server, ANN)


@attack("backscatter: strangers get no DSN, the refusal is in the session", "RFC 5321 §6.1")
def backscatter(server):
    with smtp(server) as client:
        client.say(b"MAIL FROM:<victim@b.example>")
        assert client.say(b"RCPT TO:<nobody@a.example>")[0] == 550
    assert server.rows("queue", "list") == []


@attack("who is here: VRFY, EXPN, RCPT in many connections", "RFC 5321 §7.3")
def enumeration(server):
    with smtp(server) as client:
        known, unknown = client.say(b"VRFY ann@a.example"), client.say(b"VRFY nobody@a.example")
        assert known == unknown and known[0] == 252, (known, unknown)
        assert client.say(b"EXPN ann@a.example")[0] in (500, 502)
    guesser, seconds = next(STRANGERS), []
    for name in range(8):
        with smtp(server, source=guesser) as client:
            client.say(b"MAIL FROM:<>")
            begun = time.monotonic()
            assert client.say(b"RCPT TO:<guess%d@a.example>" % name)[0] == 550
            seconds.append(time.monotonic() - begun)
    assert seconds[7] >= 1.0 > seconds[0], seconds  # 0.25 s from the sixth on, doubled each time


@attack("HTTP to a mail port: the first verb ends it", "ALPACA, USENIX Security 2021")
def cross_protocol(server):
    for service in "smtp", "submission", "imap", "pop3":
        with Client(server, service) as client:
            client.send(b"POST / HTTP/1.1\r\nHost: a.example\r\n\r\nEHLO x\r\nMAIL FROM:<eve@b.example>\r\n"
                        b"RCPT TO:<ann@a.example>\r\nDATA\r\nSubject: by http\r\n\r\n.\r\n")
            if service in ("smtp", "submission"):
                assert client.closed()
    assert not any(b"by http" in m for m in server.messages(ANN))


@attack("trust that is not given: XCLIENT, XFORWARD, ETRN, TURN", "XCLIENT, ETRN injection")
def no_extensions(server):
    with smtp(server) as client:
        for line in (b"XCLIENT ADDR=127.0.0.1 LOGIN=ann@a.example", b"XFORWARD ADDR=192.0.2.1", b"ETRN #a.example",
                     b"ETRN @' OR 1=1;--", b"TURN", b"ATRN a.example", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2"):
            assert client.say(line)[0] in (500, 502), line
        assert client.say(b"MAIL FROM:<ann@a.example> AUTH=ann@a.example")[0] in (250, 555)
        assert client.say(b"RCPT TO:<eve@b.example>")[0] >= 500


if __name__ == "__main__":
    run(Server("a.example"), [ANN])
