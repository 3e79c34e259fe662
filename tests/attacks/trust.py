#!/usr/bin/env python3
"""Messages and zones that make a judge of mail ask and compute without end, against the released program.

Each message is judged through a DNS server of the test, which counts the questions. What is held: QUERIES_MAX of them,
CPU_SECONDS_MAX of the server's processor, and the right verdict in Authentication-Results. docs/security.md.
"""

import base64
import hashlib
import pathlib
import smtplib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from attack import attack, cpu_seconds, empty, run  # noqa: E402
from name_server import SILENT, NameServer  # noqa: E402
from server import Server  # noqa: E402

ANN = "ann@a.example"
QUERIES_MAX = 80  # 64 of a message; the resolver walks to some names by itself
CPU_SECONDS_MAX = 1
LOG_OCTETS_MAX = 16 * 1024  # of one message
SECONDS_MAX = 30  # the budget of a message is 20
REST = ("To: ann@a.example\r\nSubject: s\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@b.example>\r\n"
        "\r\nx\r\n")
BODY_HASH = base64.b64encode(hashlib.sha256(b"x\r\n").digest()).decode()  # so that the key is asked for
TXT_RECORDS = 1_000
NAMES = NameServer({})


def der(tag, octets):
    length = len(octets)
    size = bytes([length]) if length < 128 else bytes([0x82]) + length.to_bytes(2, "big")
    return bytes([tag]) + size + octets


def rsa_record(bits):
    """A DKIM record with an RSA key of so many bits (nobody knows its factors)."""
    number = lambda value: der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))
    key = der(0x30, number((1 << bits) - 1 - (1 << 40)) + number(65537))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    return "v=DKIM1; k=rsa; p=" + base64.b64encode(der(0x30, algorithm + der(3, b"\0" + key))).decode()


def signature(domain, selector, octets=256, more=""):
    return (f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector};{more}\r\n"
            f" h=from:to:subject; bh={BODY_HASH};\r\n"
            f" b={base64.b64encode(bytes(octets)).decode()}\r\n")


def deliver(server, domain, text, local="eve"):
    with smtplib.SMTP(server.address, server.ports["smtp"], timeout=60) as client:
        client.ehlo(f"client.{domain}")
        client.mail(f"{local}@{domain}")
        client.rcpt(ANN)
        return client.data(text.encode())


def judged(server, domain, text=None, mailbox="INBOX", code=250, local="eve"):
    """What stands in our own Authentication-Results: the resolver remembers, so each attack has a domain of its own."""
    text = f"From: eve@{domain}\r\n{REST}" if text is None else text
    before, begin, since = len(NAMES.asked), cpu_seconds(server), time.monotonic()
    got, said = deliver(server, domain, text, local)
    cpu, asked = cpu_seconds(server) - begin, len(NAMES.asked) - before
    assert got == code, (got, said)
    assert asked <= QUERIES_MAX, f"{asked} questions"
    assert cpu < CPU_SECONDS_MAX, f"{cpu:.2f} s of the processor"
    assert time.monotonic() - since < SECONDS_MAX, "too slow"
    print(f"    {asked} questions, {cpu:.2f} s", flush=True)
    if got != 250:
        return said.decode()
    stored = server.messages(ANN, mailbox)[-1].decode()
    empty(server, ANN, mailbox)
    header = stored.split("\r\n\r\n")[0].replace("\r\n\t", " ").replace("\r\n ", " ")
    found = [line for line in header.split("\r\n") if line.startswith("Authentication-Results: mx.a.example")]
    assert len(found) == 1, header
    return found[0]


@attack("an SPF record that includes ten that include ten", "RFC 7208 §4.6.4")
def spf_bomb(server):
    includes = lambda count: " ".join(f"include:i{i}.bomb.example" for i in range(count))
    NAMES.records["bomb.example"] = [("TXT", f"v=spf1 {includes(9)} -all")]
    for i in range(10):
        NAMES.records[f"i{i}.bomb.example"] = [
            ("TXT", f"v=spf1 {includes(10)} mx ptr exists:%{{i}}.bomb.example")]
    results = judged(server, "bomb.example")
    assert "spf=permerror" in results, results


@attack("SPF records of 32 KB of macros, for a sender who is all dots", "RFC 7208 §7.3")
def spf_macros(server):
    """A name of a megabyte, cut label by label, held a thread for ten seconds and stood in the log."""
    for host, macro in ("dots.example", "%{s}"), ("words.example", "%{l}"):
        domain = ".".join(["a"] * 40) + "." + host
        NAMES.records[domain] = [("TXT", f"v=spf1 a:{macro * 8_000}.{host} -all")]
        NAMES.records["_dmarc." + host] = [("TXT", "v=DMARC1; p=none")]
        NAMES.records[f"some.{domain}"] = [("TXT", f"v=spf1 include:{macro * 200}.{host} -all")]
        for sender in domain, "some." + domain:
            before = len(server.log_text())
            results = judged(server, sender, f"From: eve@{sender}\r\n{REST}", local=".".join(["b"] * 32))
            assert "spf=permerror" in results, results
            grown = len(server.log_text()) - before
            assert len(results) < 8_000 and grown < LOG_OCTETS_MAX, (len(results), grown)


@attack("an MX with a hundred hosts, a name without end", "RFC 7208 §4.6.4")
def spf_hosts(server):
    NAMES.records["hosts.example"] = [("TXT", "v=spf1 mx a:chain0.hosts.example -all")]
    NAMES.records["hosts.example"] += [("MX", (i, f"h{i}.hosts.example")) for i in range(100)]
    for i in range(100):
        NAMES.records[f"h{i}.hosts.example"] = [("A", f"192.0.2.{i}")]
        NAMES.records[f"chain{i}.hosts.example"] = [("CNAME", f"chain{i + 1}.hosts.example")]
    results = judged(server, "hosts.example")
    assert "spf=permerror" in results, results


@attack("a thousand TXT records at each name", "words")
def many_texts(server):
    rows = [("TXT", f"v=spf{i} nothing of use, but long " + "x" * 20) for i in range(TXT_RECORDS)]
    NAMES.records["texts.example"] = rows + [("TXT", "v=spf1 ip4:127.0.0.0/8 -all")]
    NAMES.records["_dmarc.texts.example"] = rows + [("TXT", "v=DMARC1; p=reject")]
    results = judged(server, "texts.example")
    assert "spf=pass" in results or "spf=temperror" in results, results


@attack("a key of 16,384 bits", "RFC 8301 §3.2")
def giant_key(server):
    NAMES.records["big._domainkey.giant.example"] = [("TXT", rsa_record(16_384))]
    text = signature("giant.example", "big", 2048) + f"From: eve@giant.example\r\n{REST}"
    results = judged(server, "giant.example", text)
    assert "dkim=pass" not in results and "dkim=" in results, results


@attack("a hundred signatures", "words")
def many_signatures(server):
    for i in range(100):
        NAMES.records[f"s{i}._domainkey.many.example"] = [("TXT", rsa_record(4096))]
    text = "".join(signature("many.example", f"s{i}", 512) for i in range(100))
    before = {name for name, _ in NAMES.asked}
    results = judged(server, "many.example", text + f"From: eve@many.example\r\n{REST}")
    keys = {name for name, _ in NAMES.asked if "_domainkey" in name} - before
    assert len(keys) <= 5, keys
    assert "dkim=pass" not in results, results


@attack("fifty-one ARC sets", "RFC 8617 §5")
def many_seals(server):
    text = ""
    for i in range(51, 0, -1):
        seal = f"i={i}; a=rsa-sha256; d=arc{i}.example; s=s; t=1"
        mark = base64.b64encode(bytes(256)).decode()
        text += (f"ARC-Seal: {seal}; cv={'pass' if i > 1 else 'none'}; b={mark}\r\n"
                 f"ARC-Message-Signature: {seal}; c=relaxed/relaxed; h=from; bh={mark[:44]}; b={mark}\r\n"
                 f"ARC-Authentication-Results: i={i}; arc{i}.example; spf=pass\r\n")
    results = judged(server, "seals.example", text + f"From: eve@seals.example\r\n{REST}")
    assert "arc=fail" in results, results


@attack("a DNS that never answers", "words")
def silence(server):
    for name in "silent.example", "_dmarc.silent.example", "client.silent.example", "s._domainkey.silent.example":
        NAMES.records[name] = [SILENT]
    text = signature("silent.example", "s") + f"From: eve@silent.example\r\n{REST}"
    results = judged(server, "silent.example", text)  # nobody could say what the author's domain asks for: delivered
    assert "dmarc=temperror" in results and "spf=temperror" in results, results
    # Whoever is asked on our behalf was silent about one name: others are asked for all the same.
    NAMES.records["loud.example"] = [("TXT", "v=spf1 ip4:127.0.0.0/8 -all")]
    NAMES.records["_dmarc.loud.example"] = [("TXT", "v=DMARC1; p=reject")]
    results = judged(server, "loud.example")
    assert "dmarc=pass" in results, results


@attack("who is the author: two fields, a group, none", "Composition Kills, USENIX Security 2020")
def authors(server):
    NAMES.records["bank.example"] = [("TXT", "v=spf1 -all")]
    NAMES.records["_dmarc.bank.example"] = [("TXT", "v=DMARC1; p=reject")]
    refused = ["From: ceo@bank.example\r\n", "From: \"eve@b.example\" <ceo@bank.example>\r\n",
               "From: (<eve@b.example>) ceo@BANK.example\r\n", "from :ceo@bank.example\r\n",
               "From: =?utf-8?q?eve=40b.example?= <ceo@bank.example>\r\n", "From: Team: ceo@bank.example;\r\n"]
    for field in refused:
        judged(server, "authors.example", field + REST, code=550)
    unclear = ["From: eve@b.example\r\nFrom: ceo@bank.example\r\n", "From: ceo@bank.example\r\nFrom: eve@b.example\r\n",
               "", "From: Team:;\r\n", "From: ceo\r\n"]
    for field in unclear:
        results = judged(server, "authors.example", field + REST, mailbox="Junk")
        assert "dmarc=permerror" in results, (field, results)


def main():
    with NAMES:
        extra = f'[checks]\ntrusted_networks = []\n[dns]\nservers = ["127.0.0.1@{NAMES.port}"]'
        run(Server("a.example", extra=extra), [ANN])


if __name__ == "__main__":
    main()
