#!/usr/bin/env python3
"""Two domains exchange mail found through DNS, over TLS: both ways, a DSN, a retry, and through a smart host.

nsd serves the zones on loopback; a.example is 127.0.0.2, b.example 127.0.0.3.
"""

import email
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import PASSWORD, Server, accepts, free_port, make_message, wait_for  # noqa: E402

ZONE = """$ORIGIN {name}.
$TTL 60
@ SOA ns.{name}. hostmaster.{name}. 1 3600 600 86400 60
@ NS ns.{name}.
ns A 127.0.0.1
@ MX 10 mx.{name}.
mx A {address}
"""


class NameServer:
    """Debian's nsd with the zones of both domains."""

    def __init__(self, zones):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="heliopost-nsd."))
        self.port = free_port()
        configuration = f"""server:
  ip-address: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.directory}"
  database: ""
  pidfile: "{self.directory}/nsd.pid"
  xfrdfile: "{self.directory}/xfrd.state"
  zonelistfile: "{self.directory}/zone.list"
  logfile: "{self.directory}/log"
  server-count: 1
remote-control:
  control-enable: no
"""
        for name, address in zones.items():
            (self.directory / name).write_text(ZONE.format(name=name, address=address))
            configuration += f'zone:\n  name: "{name}"\n  zonefile: "{name}"\n'
        (self.directory / "nsd.conf").write_text(configuration)
        nsd = shutil.which("nsd") or "/usr/sbin/nsd"
        self.process = subprocess.Popen([nsd, "-d", "-c", self.directory / "nsd.conf"])

    def __enter__(self):
        wait_for("nsd", lambda: accepts("127.0.0.1", self.port))
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        shutil.rmtree(self.directory, ignore_errors=True)


def say(what):
    print(f"  {what}", flush=True)


def both_ways(a, b):
    a.submit("ann@a.example", ["bob@b.example"], make_message("ann@a.example", "bob@b.example", "to b"))
    got = b.wait_for_message("bob@b.example", "Subject: to b")
    assert b"with ESMTPS" in got, f"not over TLS:\n{got.decode()}"
    assert b"Return-Path: <ann@a.example>" in got
    b.submit("bob@b.example", ["ann@a.example"], make_message("bob@b.example", "ann@a.example", "to a"))
    assert b"with ESMTPS" in a.wait_for_message("ann@a.example", "Subject: to a")
    say("mail both ways, found by MX, over STARTTLS")


def unknown_user(a):
    a.submit("ann@a.example", ["nobody@b.example"], make_message("ann@a.example", "nobody@b.example", "lost"))
    report = email.message_from_bytes(a.wait_for_message("ann@a.example", "report-type=delivery-status"))
    assert report.get_content_type() == "multipart/report", report.get_content_type()
    status = report.get_payload()[1].as_string()
    assert "Action: failed" in status and "5.1.1" in status and "nobody@b.example" in status, status
    assert "Subject: lost" in report.get_payload()[2].as_string()
    assert report["Return-Path"] == "<>"
    say("an unknown remote user comes back as a DSN with the original header")


def retry(a, b):
    b.stop()
    a.submit("ann@a.example", ["bob@b.example"], make_message("ann@a.example", "bob@b.example", "while down"))
    waiting = wait_for("a failed attempt", lambda: [r for r in a.rows("queue", "list") if r["attempts"] > 0])
    assert waiting[0]["state"] == "pending" and waiting[0]["last_reply"], waiting
    b.start()
    a.command("queue", "retry", waiting[0]["queue_id"])
    b.wait_for_message("bob@b.example", "Subject: while down")
    wait_for("an empty queue", lambda: not a.rows("queue", "list"))
    say("a message waits while the remote is down, and is delivered after")


def to_ourselves(a):
    """us.example names our own address as its MX, by another name: RFC 5321 §5.1."""
    a.submit("ann@a.example", ["x@us.example"], make_message("ann@a.example", "x@us.example", "in a circle"))
    report = a.wait_for_message("ann@a.example", "x@us.example")
    assert b"Status: 5.4.6" in report and b"relaying denied" not in report, report.decode()
    say("mail for a domain that leads back here is not sent in a circle")


def smart_host(a, b, smtp_port, dns):
    # carl's own server sends everything through a.example's submission, with his login there.
    a.add_account("carl@c.example")
    extra = dns + f"""[relay]
port = {smtp_port}
smart_host = "mx.a.example:{a.ports['submission']}"
user = "carl@c.example"
password = "{PASSWORD}"
roots_file = "{a.certificate}"
"""
    with Server("c.example", "127.0.0.4", smtp_port, extra) as c:
        c.add_account("carl@c.example")
        c.submit("carl@c.example", ["bob@b.example"], make_message("carl@c.example", "bob@b.example", "by way of a"))
        got = b.wait_for_message("bob@b.example", "Subject: by way of a")
    assert got.count(b"Received: ") == 3, got.decode()
    assert b"with ESMTPSA" in got
    say("a third server sends through a smart host, with TLS and its login")


def main():
    smtp_port = free_port("127.0.0.2")
    with NameServer({"a.example": "127.0.0.2", "b.example": "127.0.0.3", "us.example": "127.0.0.2"}) as names:
        dns = f'[dns]\nservers = ["127.0.0.1@{names.port}"]\n'
        extra = dns + f"[relay]\nport = {smtp_port}\n"
        with Server("a.example", "127.0.0.2", smtp_port, extra) as a, \
                Server("b.example", "127.0.0.3", smtp_port, extra) as b:
            a.add_account("ann@a.example")
            b.add_account("bob@b.example")
            both_ways(a, b)
            unknown_user(a)
            to_ourselves(a)
            retry(a, b)
            smart_host(a, b, smtp_port, dns)
    print("two domains: done")


if __name__ == "__main__":
    main()
