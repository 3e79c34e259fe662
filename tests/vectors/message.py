#!/usr/bin/env python3
"""message.py PROGRAM: all checks of a message at once, through the real resolver; honest mail and DNS that is a trap.

Each case: the sender's zone, the message, the lines that must stand among the verdicts. None may ask more than the
budget's 64 questions or take longer than its 20 s.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from name_server import SERVFAIL, NameServer  # noqa: E402

QUERIES_MAX, MILLISECONDS_MAX = 64, 20_000
CLIENT, HELO = "192.0.2.7", "mx.a.example"
BANK = {"_dmarc.bank.example": [("TXT", "v=DMARC1; p=reject; np=reject; sp=quarantine")]}
FORGED = "DMARC fail: From domain bank.example, SPF {} for evil.example, no signature"


def message(sender, more=""):
    return f"{more}From: <ann@{sender}>\r\nTo: <bob@b.example>\r\nSubject: x\r\n\r\nHello\r\n"


def bomb():
    """Ten names of ten hosts each, and reverse names without end."""
    zone = {"evil.example": [("TXT", "v=spf1 " + " ".join(f"mx:m{i}.evil.example" for i in range(10)) + " -all")],
            "7.2.0.192.in-addr.arpa": [("PTR", f"p{i}.evil.example") for i in range(50)]}
    for i in range(10):
        zone[f"m{i}.evil.example"] = [("MX", (1, f"x{i}{k}.evil.example")) for k in range(10)]
        zone |= {f"x{i}{k}.evil.example": [("A", "192.0.2.99")] for k in range(10)}
    return zone


def chain(name, target, links):
    zone = {f"{name}{i}.evil.example": [("CNAME", f"{name}{i + 1}.evil.example")] for i in range(1, links)}
    return zone | {f"{name}{links}.evil.example": [("CNAME", target)]}


CASES = {
    "honest mail": (
        {"a.example": [("TXT", "v=spf1 ip4:192.0.2.0/24 -all")], "_dmarc.a.example": [("TXT", "v=DMARC1; p=reject")],
         "7.2.0.192.in-addr.arpa": [("PTR", HELO)], HELO: [("A", CLIENT)]},
        "ann@a.example", message("lists.a.example"),
        ["iprev pass: 192.0.2.7 is mx.a.example",
         "DMARC pass: From domain lists.a.example, SPF passed for a.example (aligned), no signature"]),
    "a name that does not exist": (
        BANK, "x@evil.example", message("nowhere.bank.example"),
        ["DMARC fail: From domain nowhere.bank.example, SPF none for evil.example, no signature"]),
    "a labyrinth of SPF": (BANK | bomb(), "x@evil.example", message("bank.example"), [FORGED.format("temperror")]),
    "a circle of includes": (
        BANK | {"evil.example": [("TXT", "v=spf1 include:evil.example -all")]}, "x@evil.example",
        message("bank.example"), [FORGED.format("permerror")]),
    "a chain of aliases": (
        BANK | {"evil.example": [("TXT", "v=spf1 a:c1.evil.example -all")]} | chain("c", "c1.evil.example", 7),
        "x@evil.example", message("bank.example"), [FORGED.format("temperror")]),
    "a thousand texts": (
        BANK | {"evil.example": [("TXT", f"x{i}") for i in range(1000)] + [("TXT", "v=spf1 +all")]},
        "x@evil.example", message("bank.example"),
        ["DMARC fail: From domain bank.example, SPF passed for evil.example, no signature"]),
    "a record of many strings": (
        {"_dmarc.a.example": [("TXT", ["v=DMARC1; p=reject; rua="] + ["mailto:x@a.example,"] * 1000)]},
        "x@evil.example", message("a.example"),
        ["DMARC fail: From domain a.example, SPF none for evil.example, no signature"]),
    "a giant key": (
        BANK | {"k._domainkey.evil.example": [("TXT", "v=DKIM1; p=" + "QUJD" * 12_000)]}, "x@evil.example",
        message("bank.example", "DKIM-Signature: v=1; a=rsa-sha256; d=evil.example; s=k; h=from; b=QUJD;\r\n"
                                " bh=glZC0WkpN+sMVTAZLyB5QGQlHtYDKLlN1B+fdaTmI4w=; c=relaxed/relaxed\r\n"),
        ["DMARC fail: From domain bank.example, SPF none for evil.example, no good signature"]),
    "records that fail to load": (
        {"_dmarc.bank.example": [SERVFAIL]}, "x@evil.example", message("bank.example"),
        ["DMARC temperror: the DNS did not answer for the DMARC record of bank.example"]),
    "two From fields": (
        BANK, "x@evil.example", message("bank.example", "From: <eve@evil.example>\r\n"),
        ["DMARC permerror: there are 2 From fields"]),
}


def problems(lines, wanted):
    numbers = {word: int(number) for word, number in (line.split() for line in lines[-2:])}
    found = [f"lacks \"{line}\"" for line in wanted if line not in lines]
    if numbers["queries"] > QUERIES_MAX:
        found.append(f"asked {numbers['queries']} questions")
    if numbers["milliseconds"] > MILLISECONDS_MAX:
        found.append(f"took {numbers['milliseconds']} ms")
    return found


def renamed(value, number):
    """The case with domains and a client of its own, so that one DNS server can hold them all."""
    if isinstance(value, str):
        for name in ("evil", "bank", "a", "b"):
            value = re.sub(rf"\b{name}\.example", f"{name}{number}.example", value)
        return re.sub(r"\b7\.2\.0\.192", f"{number}.2.0.192", value.replace("192.0.2.7", f"192.0.2.{number}"))
    if isinstance(value, dict):
        return {renamed(key, number): renamed(one, number) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(renamed(one, number) for one in value)
    return value


def main():
    program, zone, words = sys.argv[1], {}, []
    cases = {name: renamed(case, number) for number, (name, case) in enumerate(CASES.items(), 1)}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, (records, sender, text, _)) in enumerate(cases.items(), 1):
            zone |= records
            file = pathlib.Path(folder, str(number))
            file.write_text(text, encoding="utf-8", newline="")
            words += [renamed(CLIENT, number), renamed(HELO, number), sender, file]
        with NameServer(zone) as names:
            done = subprocess.run([program, f"127.0.0.1@{names.port}", *words], text=True, capture_output=True,
                                  timeout=120)
    answers = [answer.splitlines() for answer in done.stdout.strip().split("\n\n")]
    assert len(answers) == len(cases), done.stderr
    bad = 0
    for (name, (*_, wanted)), lines in zip(cases.items(), answers):
        if wrong := problems(lines, wanted):
            bad += 1
            print(f"{name}: {', '.join(wrong)}", *lines, sep="\n  ")
    print(f"counted: whole messages judged: {len(cases) - bad} of {len(cases)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
