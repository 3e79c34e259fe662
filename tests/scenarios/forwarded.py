#!/usr/bin/env python3
"""A message goes through two Heliopost servers that forward it, each sealing it (ARC), to a third, which believes the
chain; so does rspamd, where it is installed. DNS is real; a.example is 127.0.0.2, b.example 127.0.0.3, c.example
127.0.0.4.
"""

import base64
import pathlib
import shutil
import smtplib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from mail_judges import RSPAMD_PLUGINS, Rspamd, what_lacks  # noqa: E402
from name_server import NameServer  # noqa: E402
from server import Server, free_port  # noqa: E402

DOMAINS = {"a.example": "127.0.0.2", "b.example": "127.0.0.3", "c.example": "127.0.0.4"}
MESSAGE = b"""From: Bank <x@bank.example>\r
To: on@a.example\r
Subject: your account\r
Date: Mon, 23 Nov 2026 10:00:00 +0000\r
Message-ID: <forwarded@bank.example>\r
\r
Hello.\r
"""


def say(what):
    print(f"  {what}", flush=True)


def zone_of():
    zone = {"bank.example": [("TXT", "v=spf1 ip4:127.0.0.1 -all")],
            "_dmarc.bank.example": [("TXT", "v=DMARC1; p=reject")]}
    for domain, address in DOMAINS.items():
        zone[domain] = [("MX", (10, f"mx.{domain}"))]
        zone[f"mx.{domain}"] = [("A", address)]
    return zone


def signed(directory, names):
    """By dkimpy for bank.example; nothing signed where it is not here: SPF alone then breaks on the way."""
    if shutil.which("dkimsign") is None:
        return None
    key = directory / "bank.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", key, "2048"], check=True, capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"], check=True,
                            capture_output=True).stdout
    names.records["s1._domainkey.bank.example"] = [("TXT", "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode())]
    return subprocess.run(["/usr/bin/python3", shutil.which("dkimsign"), "s1", "bank.example", key], input=MESSAGE,
                          check=True, capture_output=True).stdout


def give_keys(server, names, domain):
    for row in server.rows("dkim", "create", domain):
        names.records[row["record_name"]] = [("TXT", row["record_text"])]
    assert all(row["state"] == "active" for row in server.rows("dkim", "dns", domain))


def through_two(a, b, c, text):
    with smtplib.SMTP(a.address, a.ports["smtp"], "client.bank.example", timeout=60) as client:
        client.sendmail("x@bank.example", ["on@a.example"], text)
    got = c.wait_for_message("cy@c.example", "Subject: your account")
    ours = got.decode().split("Authentication-Results: mx.c.example;")[1].split("\r\nReceived:")[0]
    assert "arc=pass" in ours and "sealed by b.example" in ours, ours
    assert "dkim=pass" in ours and "dmarc=pass" in ours and "spf=fail" in ours, ours
    for instance, domain in ((1, "a.example"), (2, "b.example")):
        assert f"ARC-Authentication-Results: i={instance}; mx.{domain};".encode() in got, got
    assert b"cv=none" in got and b"cv=pass" in got
    say("sealed twice, the chain holds at the third server; the signature of the author's domain too")
    return got


def by_rspamd(directory, names, text):
    if what_lacks("rspamd") or not RSPAMD_PLUGINS.exists():
        return say("not shown: rspamd (not installed)")
    path = ("192.0.2.3", "mx.b.example", "x@bank.example", "cy@c.example")
    with Rspamd(directory, names) as rspamd:
        symbols = rspamd.symbols(text, *path)
        for symbol in ("ARC_ALLOW", "R_DKIM_ALLOW", "DMARC_POLICY_ALLOW"):
            assert symbol in symbols, sorted(symbols)
        say(f"rspamd believes it, too: ARC_ALLOW {symbols['ARC_ALLOW']}, R_DKIM_ALLOW, DMARC_POLICY_ALLOW")
        symbols = rspamd.symbols(text.replace(b"Hello.", b"Hallo."), *path)
        assert "ARC_ALLOW" not in symbols, sorted(symbols)


def settings(names, address, port):
    return f"""[checks]
trusted_networks = []
[dns]
servers = ["127.0.0.1@{names.port}"]
[relay]
port = {port}
ipv6 = false
source_addresses = ["{address}"]
"""


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="heliopost-forwarded."))
    port = free_port("127.0.0.2")
    try:
        with NameServer(zone_of()) as names:
            text = signed(directory, names)
            if text is None:
                return say("not shown: no dkimsign here")
            servers = [Server(domain, address, smtp_port=port, extra=settings(names, address, port))
                       for domain, address in DOMAINS.items()]
            with servers[0] as a, servers[1] as b, servers[2] as c:
                for server, to in ((a, "on@b.example"), (b, "cy@c.example")):
                    server.command("domain", "add", server.domain)
                    give_keys(server, names, server.domain)
                    server.command("alias", "add", f"on@{server.domain}", to)
                c.add_account("cy@c.example")
                got = through_two(a, b, c, text)
                by_rspamd(directory, names, got)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
