#!/usr/bin/env python3
"""DMARC reports between two servers through real DNS: what one counted is what the other is told.

b.example takes mail in the name of a.example, some of it forged; its report goes to a.example, which asked for it.
"""

import base64
import email
import gzip
import pathlib
import re
import smtplib
import sys
import xml.etree.ElementTree as tree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from name_server import NameServer  # noqa: E402
from server import Server, free_port, wait_for  # noqa: E402

SPACE = "{urn:ietf:params:xml:ns:dmarc-2.0}"


FAILURE = """From: reporter@c.example
To: dmarc@a.example
Subject: FW: forged
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an authentication failure report.
--b
Content-Type: message/feedback-report

Feedback-Type: auth-failure
User-Agent: Other/1.0
Version: 1
Auth-Failure: dmarc
Source-IP: 192.0.2.9
Reported-Domain: a.example

--b
Content-Type: text/rfc822-headers

Subject: forged
--b--
"""


def say(what):
    print(f"  {what}", flush=True)


def send(server, path, author, subject):
    """The code of the reply to the message."""
    text = "\r\n".join([f"From: {author}", "To: bob@b.example", f"Subject: {subject}",
                        "Date: Mon, 23 Nov 2026 10:00:00 +0000", f"Message-ID: <{subject}@test.example>", "",
                        "Hello.", ""])
    with smtplib.SMTP(server.address, server.ports["smtp"], "client.a.example", timeout=60) as client:
        client.ehlo()
        client.mail(path)
        client.rcpt("bob@b.example")
        return client.data(text.encode())[0]


def mail_comes(b):
    """What b.example counts: (source, disposition, dkim, spf) and how often."""
    for number in range(3):
        assert send(b, "x@a.example", "x@news.a.example", f"good-{number}") == 250
    assert send(b, "x@bulk.example", "x@a.example", "forged") == 550
    assert send(b, "", "x@a.example", "bounce") == 550  # not counted: reports must not lead to reports
    assert send(b, "x@bulk.example", "x@bulk.example", "not asked for") == 250
    say("four messages that are counted, and two that are not")


def verdicts_are_kept(b):
    rows = b.rows("message", "show", "bob@b.example", "--uid", "1")
    told = {row["check"]: row for row in rows}
    assert told["dmarc"]["result"] == "pass" and told["dmarc"]["subject"] == "news.a.example", rows
    assert told["client"]["subject"] == "127.0.0.1", rows
    assert "SPF passed for a.example" in told["dmarc"]["reason"], rows
    say("the verdicts stand beside the message")


def report_in(octets):
    message = email.message_from_bytes(octets)
    [part] = [part for part in message.walk() if part.get_content_type() == "application/gzip"]
    domain, begin, end = re.fullmatch(r"mx\.b\.example!(.+)!(\d+)!(\d+)!\w+\.xml\.gz", part.get_filename()).groups()
    root = tree.fromstring(gzip.decompress(base64.b64decode(part.get_payload())))
    assert root.findtext(f"{SPACE}policy_published/{SPACE}domain") == domain == "a.example"
    assert root.findtext(f"{SPACE}report_metadata/{SPACE}date_range/{SPACE}begin") == begin
    assert root.findtext(f"{SPACE}report_metadata/{SPACE}date_range/{SPACE}end") == end
    rows = {}
    for record in root.iter(f"{SPACE}record"):
        row = record.find(f"{SPACE}row")
        evaluated = row.find(f"{SPACE}policy_evaluated")
        key = (row.findtext(f"{SPACE}source_ip"), *(evaluated.findtext(f"{SPACE}{name}")
                                                    for name in ("disposition", "dkim", "spf")))
        rows[key] = int(row.findtext(f"{SPACE}count"))
    return message, rows


def keys_are_published(b, names):
    said = b.command("dkim", "create", "b.example").stdout
    for line in said.splitlines():
        if ". IN" in line:
            names.records[line.split(". IN")[0]] = [("TXT", line.split('"')[1::2])]
    assert [row["state"] for row in b.rows("dkim", "dns", "b.example")] == ["active"] * 2


def report_goes(a, b):
    sent = b.rows("reports", "send", "--now")
    assert [(row["domain"], row["messages"], row["to"], row["state"]) for row in sent] == [
        ("a.example", 4, "dmarc@a.example", "queued")], sent
    message, rows = report_in(a.wait_for_message("dmarc@a.example", "Report Domain: a.example"))
    assert rows == {("127.0.0.1", "pass", "fail", "pass"): 3, ("127.0.0.1", "reject", "fail", "fail"): 1}, rows
    assert message["Return-Path"] == "<>" and message["From"] == '"B\'s mail" <dmarc@b.example>', message.as_string()
    assert sent[0]["report_id"] in message["Subject"]
    verdicts = a.rows("message", "show", "dmarc@a.example", "--uid", "1")
    assert [(row["result"], row["subject"]) for row in verdicts if row["check"] == "dkim"] == [
        ("pass", "b.example")] * 2, verdicts
    say("the report says what was counted, signed with both keys of its server")


def report_is_read(a):
    """The same numbers, as a.example's administrator sees them."""
    wait_for("the report to be read", lambda: "event=report.received" in a.log_text())
    rows = a.rows("reports", "dmarc", "--domain", "a.example", "--days", "2")
    want = {"domain": "a.example", "source": "127.0.0.1", "messages": 4, "passed": 3, "dkim": 0, "spf": 3,
            "delivered": 3, "quarantined": 0, "rejected": 1, "reporters": "B's mail"}
    assert rows == [want], rows
    assert a.rows("reports", "dmarc", "--domain", "b.example") == []
    say("the second server read it: the same numbers in its table")


def files_are_read(a):
    failure = a.directory / "failure.eml"
    failure.write_bytes(FAILURE.replace("\n", "\r\n").encode())
    read = a.rows("reports", "import", str(failure), str(failure))
    assert [row["state"] for row in read] == ["kept", "known already"], read
    assert a.command("reports", "import", str(a.config), check=False).returncode == 1
    [row] = a.rows("reports", "dmarc", "--failures")
    assert (row["domain"], row["source"], row["failure"]) == ("a.example", "192.0.2.9", "dmarc"), row
    a.stop()
    a.command("fsck")
    assert a.rows("reports", "dmarc")[0]["messages"] == 4  # without a server
    a.start()
    say("failure reports are read from files; all is there after a restart")


def counts_survive(b):
    """A server that is stopped writes what it has counted."""
    assert send(b, "x@a.example", "x@a.example", "after") == 250
    b.stop()
    b.command("fsck")
    b.start()
    sent = b.rows("reports", "send", "--now", "--domain", "a.example")
    assert [row["messages"] for row in sent] == [1], sent
    assert b.rows("reports", "send", "--now") == []
    say("what was counted before a restart is in the next report, and only in that")


def main():
    port = free_port("127.0.0.2")
    zone = {"a.example": [("TXT", "v=spf1 ip4:127.0.0.0/8 -all"), ("MX", (10, "mx.a.example"))],
            "mx.a.example": [("A", "127.0.0.2")],
            "news.a.example": [("A", "127.0.0.2")],
            "_dmarc.a.example": [("TXT", "v=DMARC1; p=reject; rua=mailto:dmarc@a.example")],
            "bulk.example": [("TXT", "v=spf1 ip4:127.0.0.0/8 -all")],
            "_dmarc.bulk.example": [("TXT", "v=DMARC1; p=none")]}
    with NameServer(zone) as names:
        common = (f'[dns]\nservers = ["127.0.0.1@{names.port}"]\n[relay]\nport = {port}\n'
                  '[checks]\ntrusted_networks = []\n')
        reads = '[reports]\naddresses = ["dmarc@a.example"]\n'
        sends = ('[reports]\nsend_dmarc = true\norganisation = "B\'s mail"\n'
                 'address = "dmarc@b.example"\n')
        with Server("a.example", "127.0.0.2", smtp_port=port, extra=common + reads) as a, \
                Server("b.example", "127.0.0.3", smtp_port=port, extra=common + sends) as b:
            a.add_account("dmarc@a.example")
            b.add_account("bob@b.example")
            mail_comes(b)
            verdicts_are_kept(b)
            keys_are_published(b, names)
            report_goes(a, b)
            report_is_read(a)
            files_are_read(a)
            counts_survive(b)


if __name__ == "__main__":
    main()
