#!/usr/bin/env python3
"""Mail that Heliopost signs and sends is judged by others: Postfix with opendkim and opendmarc takes it, and rspamd is
asked about it. The same judges refuse it altered, and in a stranger's name. DNS is real; a.example is 127.0.0.2,
b.example, Postfix's, 127.0.0.3; another client has 127.0.0.9. The judges see 192.0.2 for 127.0.0: see postfix.py.
"""

import contextlib
import os
import pathlib
import shutil
import smtplib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from mail_judges import RESOLVER_PORT, RSPAMD_PLUGINS, OpenDkim, OpenDmarc, Rspamd, what_lacks  # noqa: E402
from name_server import NameServer  # noqa: E402
from postfix import Postfix, as_seen  # noqa: E402
from server import Server, free_port  # noqa: E402

OURS, THEIRS, OTHER = "127.0.0.2", "127.0.0.3", "127.0.0.9"
SENDER, READER = "ann@a.example", "bob@b.example"
ZONE = {"a.example": [("TXT", f"v=spf1 ip4:{as_seen(OURS)} -all")],
        "_dmarc.a.example": [("TXT", "v=DMARC1; p=reject; adkim=s; aspf=s")],
        "mx.a.example": [("A", OURS)],
        "bank.test": [("TXT", "v=spf1 -all")],
        "_dmarc.bank.test": [("TXT", "v=DMARC1; p=reject")],
        "b.example": [("MX", (10, "mx.b.example"))],
        "mx.b.example": [("A", THEIRS)]}


def say(what):
    print(f"  {what}", flush=True)


def message(subject):
    return "\r\n".join([f"From: Ann <{SENDER}>", f"To: {READER}", f"Subject: {subject}",
                        "Date: Mon, 23 Nov 2026 10:00:00 +0000", f"Message-ID: <{subject}@a.example>",
                        "MIME-Version: 1.0", "", "Hello,  Bob ", "", "how are you?", "", ""]).encode()


def give_keys(server, names, domain):
    for row in server.rows("dkim", "create", domain):
        names.records[row["record_name"]] = [("TXT", row["record_text"])]
    assert all(row["state"] == "active" for row in server.rows("dkim", "dns", domain))


def as_sent(text):
    """Without what the receiver put in front."""
    return text[text.index(b"DKIM-Signature:"):]


def variants(text):
    """{what: (client, message, whether DMARC lets it pass)}"""
    altered = text.replace(b"how are", b"who are")
    renamed = text.replace(f"From: Ann <{SENDER}>".encode(), b"From: Bank <x@bank.test>")
    assert altered != text and renamed != text
    return {"ours": (OURS, text, True), "by way of another": (OTHER, text, True), "altered": (OTHER, altered, False),
            "a stranger's From": (OURS, renamed, False)}


def by_postfix(server, postfix):
    """What was submitted arrives with pass; gives it as it was sent."""
    server.submit(SENDER, [READER], message("ours"))
    got = postfix.message("Subject: ours")
    results = got[:got.index(b"DKIM-Signature:")].decode()
    assert results.count("dkim=pass") == 2, results
    assert "spf=pass" in results and "dmarc=pass (p=reject" in results and "header.from=a.example" in results, results
    say("Postfix with opendkim and opendmarc: dkim=pass twice, spf=pass, dmarc=pass")
    return as_sent(got)


def variants_by_postfix(postfix, text):
    for what, (client, sent, passes) in variants(text).items():
        subject = what.replace(" ", "-")
        with smtplib.SMTP(postfix.address, postfix.port, "mx.a.example", timeout=60, source_address=(client, 0)) as to:
            to.ehlo()
            to.mail(SENDER)
            to.rcpt(READER)
            code, said = to.data(f"X-Case: {subject}\r\n".encode() + sent)
        assert code == (250 if passes else 550), (what, code, said, postfix.log_text()[-3000:])
        if not passes:
            assert b"DMARC" in said, (what, said)
    say("it takes the message from elsewhere, too, on our signatures; altered, or from a stranger: 550")


EXPECTED = {"ours": ["R_DKIM_ALLOW", "R_SPF_ALLOW", "DMARC_POLICY_ALLOW"],
            "by way of another": ["R_DKIM_ALLOW", "R_SPF_FAIL", "DMARC_POLICY_ALLOW"],
            "altered": ["R_DKIM_REJECT", "R_SPF_FAIL", "DMARC_POLICY_REJECT"],
            "a stranger's From": ["R_DKIM_REJECT", "R_SPF_ALLOW", "DMARC_POLICY_REJECT"]}


def by_rspamd(rspamd, text):
    for what, (client, sent, _) in variants(text).items():
        found = rspamd.symbols(sent, as_seen(client), "mx.a.example", SENDER, READER)
        verdicts = [name for name in found if name.startswith(("R_DKIM_", "R_SPF_", "DMARC_"))]
        assert sorted(verdicts) == sorted(EXPECTED[what]), (what, found)
        if "R_DKIM_ALLOW" in found:
            assert len(found["R_DKIM_ALLOW"]) == 2, found  # both keys
    say("rspamd: R_DKIM_ALLOW for both keys, R_SPF_ALLOW, DMARC_POLICY_ALLOW; altered, or from a stranger: "
        "DMARC_POLICY_REJECT")


def settings(names, port):
    return f"""[dns]
servers = ["127.0.0.1@{names.port}"]
[relay]
port = {port}
ipv6 = false
source_addresses = ["{OURS}"]
"""


def main():
    lacks = what_lacks("postfix", "opendkim", "opendmarc")
    if lacks is None and os.geteuid() != 0:
        lacks = "Postfix needs root"
    if lacks is None and not RESOLVER_PORT.exists():
        lacks = f"not built: {RESOLVER_PORT}"
    if lacks:
        return say(f"not shown: {lacks}")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="heliopost-judged-elsewhere."))
    port = free_port(THEIRS)
    try:
        with contextlib.ExitStack() as stack:
            names = stack.enter_context(NameServer(ZONE))
            milters = [stack.enter_context(judge(directory, names, "mx.b.example")) for judge in (OpenDkim, OpenDmarc)]
            postfix = stack.enter_context(Postfix(directory, "b.example", THEIRS, port, milters))
            server = stack.enter_context(Server("a.example", OURS, extra=settings(names, port)))
            server.add_account(SENDER)
            give_keys(server, names, "a.example")
            text = by_postfix(server, postfix)
            variants_by_postfix(postfix, text)
            if what_lacks("rspamd") or not RSPAMD_PLUGINS.exists():
                return say("not shown: rspamd (not installed)")
            by_rspamd(stack.enter_context(Rspamd(directory, names)), text)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
