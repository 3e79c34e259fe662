"""What the scripts of tests/attacks share: a client that says exactly the octets it is told, and a list of attacks.

    @attack("smuggling", "CVE-2023-51764")
    def end_of_data(server): ...

    run(Server("a.example"), accounts=["ann@a.example"])

Every attack of a script plays against one server; after each the server must still serve an honest client.
"""

import os
import pathlib
import smtplib
import socket
import ssl
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from server import make_message  # noqa: E402

ANSWER_SECONDS_MAX = 20
HONEST_SECONDS_MAX = 5  # on a busy machine; the figure for an idle one is L1 of docs/reliability.md
ATTACKS = []


def attack(name, reference):
    """Registers a function of the server; it raises AssertionError where the attack works."""
    def register(function):
        ATTACKS.append((name, reference, function))
        return function
    return register


class Client:
    """A connection, in the clear or in TLS; lines are octets."""

    def __init__(self, server, service, source="127.0.0.1", tls=False):
        self.server = server
        self.socket = socket.create_connection((server.address, server.ports[service]), timeout=ANSWER_SECONDS_MAX,
                                               source_address=(source, 0))
        if tls:
            self.wrap()
        self.file = self.socket.makefile("rb")

    def wrap(self):
        context = self.server.tls()
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.file = self.socket.makefile("rb")

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has closed: the next reply is none

    def line(self):
        """One line without its end; b"" where the server has closed."""
        try:
            return self.file.readline().rstrip(b"\r\n")
        except ConnectionResetError:
            return b""

    def reply(self):
        """An SMTP reply: its code, 0 where the server has closed, and its text."""
        lines = []
        while True:
            line = self.line()
            lines.append(line)
            if line[3:4] != b"-":
                return int(line[:3] or 0), b"\n".join(lines)

    def say(self, line):
        self.send(line + b"\r\n")
        return self.reply()

    def tagged(self, tag, command):
        """An IMAP command and all lines up to its tagged one."""
        self.send(tag + b" " + command + b"\r\n")
        lines = []
        while True:
            lines.append(self.line())
            if lines[-1] == b"" or lines[-1].startswith(tag + b" "):
                return lines

    def closed(self):
        """Whether the server closes, within the time of an answer; what it still says is read."""
        try:
            while self.file.readline():
                pass
            return True
        except (ConnectionResetError, ssl.SSLError):
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def strangers():
    """Addresses of loopback, each once: who was refused often waits for the next answer, by address."""
    for third in range(1, 255):
        for last in range(1, 255):
            yield f"127.1.{third}.{last}"


def smtp(server, service="smtp", source="127.0.0.1", ehlo=b"EHLO client.b.example"):
    client = Client(server, service, source)
    assert client.reply()[0] == 220
    if ehlo:
        assert client.say(ehlo)[0] == 250
    return client


def deliver(server, message, recipient="ann@a.example", service="smtp"):
    """The reply to a message that is sent dot-stuffed by Python's own client."""
    with smtplib.SMTP(server.address, server.ports[service], timeout=60) as client:
        client.ehlo("client.b.example")
        client.mail("eve@b.example")
        code, text = client.rcpt(recipient)
        if code != 250:
            return code, text
        return client.data(message)


def cpu_seconds(server):
    """What the server's process has used of the processors."""
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_octets(server):
    lines = pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def empty(server, user, mailbox="INBOX"):
    """Takes every message out of a mailbox, so that each attack sees its own."""
    client = server.imap(user)
    client.select(mailbox)
    client.store("1:*", "+FLAGS.SILENT", "\\Deleted")
    client.expunge()
    client.logout()


def honest(server, user):
    begin = time.monotonic()
    with smtplib.SMTP(server.address, server.ports["smtp"], timeout=30) as client:
        client.sendmail("bob@b.example", [user], make_message("bob@b.example", user, "honest"))
    took = time.monotonic() - begin
    assert took < HONEST_SECONDS_MAX, f"an honest client waited {took:.1f} s"


def run(server, accounts):
    failed = 0
    with server:
        for account in accounts:
            server.add_account(account)
        pid = server.process.pid
        for name, reference, function in ATTACKS:
            begin = time.monotonic()
            try:
                function(server)
                assert server.process.poll() is None and server.process.pid == pid, "the server has ended"
                honest(server, accounts[0])
                verdict = "ok"
            except (AssertionError, OSError, ValueError, StopIteration) as error:
                failed += 1
                verdict = f"FAILED: {type(error).__name__}: {error}"
            print(f"  {function.__name__}: {name} ({reference}): {verdict}, {time.monotonic() - begin:.1f} s",
                  flush=True)
        if failed:
            raise AssertionError(f"{failed} of {len(ATTACKS)} attacks failed")
    print(f"{len(ATTACKS)} attacks: ok")
