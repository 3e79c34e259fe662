#!/usr/bin/env python3
"""Mail from outside is judged through real DNS: SPF, DKIM signed by dkimpy, DMARC; and what comes of it.

Everything is on loopback, which is trusted by default: the server is told that it is not.
"""

import base64
import pathlib
import shutil
import smtplib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from name_server import SERVFAIL, NameServer  # noqa: E402
from server import Server  # noqa: E402

SELECTOR = "s1"


def say(what):
    print(f"  {what}", flush=True)


def make_key(directory):
    """An RSA key: its file, and the record that publishes it."""
    key = directory / "key.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", key, "2048"], check=True, capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"], check=True,
                            capture_output=True).stdout
    return key, "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


def message(author, subject, more=""):
    lines = [f"{more}From: {author}", "To: ann@a.example", f"Subject: {subject}",
             "Date: Mon, 23 Nov 2026 10:00:00 +0000", f"Message-ID: <{subject}@test.example>", "", "Hello, Ann.", ""]
    return "\r\n".join(lines).encode()


def signed(text, domain, key):
    program = shutil.which("dkimsign")
    if program is None:
        return None
    return subprocess.run(["/usr/bin/python3", program, SELECTOR, domain, key], input=text, check=True,
                          capture_output=True).stdout


def send(server, path, text):
    """The reply to the message."""
    with smtplib.SMTP(server.address, server.ports["smtp"], "client.good.example", timeout=60) as client:
        client.ehlo()
        client.mail(path)
        client.rcpt("ann@a.example")
        return client.data(text)


def texts(server, mailbox):
    with server.imap("ann@a.example") as client:
        client.select(mailbox, readonly=True)
        _, found = client.search(None, "ALL")
        return [client.fetch(number, "(BODY.PEEK[])")[1][0][1].decode() for number in found[0].split()]


def find(server, mailbox, subject):
    found = [text for text in texts(server, mailbox) if f"Subject: {subject}\r\n" in text]
    assert len(found) == 1, f"{len(found)} messages {subject} in {mailbox}\n{server.log_text()[-3000:]}"
    return found[0]


def by_path(server):
    forged = "Authentication-Results: mx.a.example; dkim=pass header.d=bank.example\r\n"
    code, said = send(server, "x@good.example", message("x@good.example", "path", forged))
    assert code == 250, said
    text = find(server, "INBOX", "path")
    assert "spf=pass" in text and "dmarc=pass" in text and "iprev=pass" in text, text
    assert "header.d=bank.example" not in text and text.count("\nAuthentication-Results:") == 1, text
    say("SPF vouches for the author; results forged in our name are gone")


def by_signature(server, key):
    text = signed(message("Bank <x@bank.example>", "signature"), "bank.example", key)
    if text is None:
        return say("not shown: DKIM (no dkimsign here)")
    code, said = send(server, "bounce@good.example", text)
    assert code == 250, said
    stored = find(server, "INBOX", "signature")
    assert "dkim=pass" in stored and "header.d=bank.example" in stored and "dmarc=pass" in stored, stored
    code, said = send(server, "bounce@good.example", text.replace(b"Hello, Ann", b"Hello, Eve"))
    assert code == 550 and b"bank.example" in said, (code, said)
    say("a signature by dkimpy vouches for the author; with one word changed the message is refused: 550")


def by_policy(server):
    code, said = send(server, "x@good.example", message("x@bank.example", "reject"))
    assert code == 550 and b"5.7.1" in said and b"bank.example" in said, (code, said)
    code, said = send(server, "x@good.example", message("x@shop.example", "quarantine"))
    assert code == 250, said
    assert "dmarc=fail" in find(server, "Junk", "quarantine")
    code, said = send(server, "x@flaky.example", message("x@flaky.example", "later"))
    assert code == 451, (code, said)
    code, said = send(server, "x@good.example", message("x@good.example", "two", "From: y@bank.example\r\n"))
    assert code == 250, said
    assert "dmarc=permerror" in find(server, "Junk", "two")
    say("DMARC fails: reject 550, quarantine to Junk; what cannot be told now: 451; two authors: Junk")


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="heliopost-judged."))
    try:
        key, record = make_key(directory)
        zone = {"good.example": [("TXT", "v=spf1 ip4:127.0.0.0/8 -all")],
                "1.0.0.127.in-addr.arpa": [("PTR", "client.good.example")],
                "client.good.example": [("A", "127.0.0.1")],
                "_dmarc.good.example": [("TXT", "v=DMARC1; p=reject")],
                "bank.example": [("TXT", "v=spf1 -all")],
                "_dmarc.bank.example": [("TXT", "v=DMARC1; p=reject")],
                f"{SELECTOR}._domainkey.bank.example": [("TXT", record)],
                "_dmarc.shop.example": [("TXT", "v=DMARC1; p=quarantine")],
                "flaky.example": [("TXT", "v=spf1 include:down.example -all")],
                "_dmarc.flaky.example": [("TXT", "v=DMARC1; p=reject")],
                "down.example": [SERVFAIL]}
        with NameServer(zone) as names:
            extra = f'[checks]\ntrusted_networks = []\n[dns]\nservers = ["127.0.0.1@{names.port}"]'
            with Server(extra=extra) as server:
                server.command("domain", "add", "a.example")
                server.add_account("ann@a.example")
                by_path(server)
                by_signature(server, key)
                by_policy(server)
                assert server.log_text().count("event=judged") == 7, server.log_text()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
