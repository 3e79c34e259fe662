#!/usr/bin/env python3
"""SIGTERM: what is under way is finished and answered, who waits is told, and the server ends with 0.

A message in the middle of DATA, an APPEND in the middle of its literal, IDLE, idle SMTP, IMAP and POP3 clients, one
half-open TLS handshake. Nothing that was acknowledged is missing after a restart. A client that never ends its
message holds the server up for the drain's limit and no longer; a second SIGTERM ends it at once.
"""

import pathlib
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import PASSWORD, Server, make_message, wait_for  # noqa: E402

USER = "ann@a.example"
DRAIN_SECONDS_MAX = 10  # drain_time_max of src/main/program.h
BYE = b"* BYE [UNAVAILABLE]"


class Client:
    """A raw connection: what is said and when is the point here."""

    def __init__(self, server, port, tls=False):
        self.socket = socket.create_connection((server.address, server.ports[port]), timeout=30)
        if tls:
            self.socket = server.tls().wrap_socket(self.socket, server_hostname="localhost")
        self.file = self.socket.makefile("rb")

    def line(self):
        return self.file.readline()

    def say(self, text):
        self.socket.sendall(text.encode())

    def ask(self, text):
        """Gives the last line of an SMTP reply."""
        self.say(text)
        while True:
            line = self.line()
            if line[3:4] != b"-":
                return line

    def tagged(self, text):
        self.say(text)
        tag = text.split()[0].encode()
        while not (line := self.line()).startswith(tag):
            assert line, f"closed before the answer to {text}"
        return line

    def rest(self):
        return self.file.read()


def begin_message(server, subject):
    client = Client(server, "smtp")
    client.line()
    for command in ("EHLO b.example", "MAIL FROM:<x@b.example>", f"RCPT TO:<{USER}>"):
        assert client.ask(command + "\r\n").startswith(b"250"), command
    assert client.ask("DATA\r\n").startswith(b"354")
    client.say(f"Subject: {subject}\r\n")
    return client


def begin_imap(server):
    client = Client(server, "imaps", tls=True)
    client.line()
    assert b"OK" in client.tagged(f"L LOGIN {USER} {PASSWORD}\r\n")
    return client


def accepts(server, port):
    try:
        socket.create_connection((server.address, server.ports[port]), timeout=5).close()
        return True
    except OSError:
        return False


def drain(server):
    sending = begin_message(server, "under way")
    appending = begin_imap(server)
    message = make_message(USER, USER, "appended")
    appending.say(f"A APPEND INBOX {{{len(message)}+}}\r\n{message[:30]}")
    idling = begin_imap(server)
    assert b"OK" in idling.tagged("S SELECT INBOX\r\n")
    idling.say("I IDLE\r\n")
    assert idling.line().startswith(b"+ ")
    imap = begin_imap(server)
    smtp = Client(server, "smtp")
    smtp.line()
    pop3 = Client(server, "pop3s", tls=True)
    pop3.line()
    half_open = Client(server, "imaps")

    server.process.send_signal(signal.SIGTERM)
    assert idling.rest().startswith(BYE)
    assert imap.rest().startswith(BYE)
    assert smtp.rest().startswith(b"421 4.3.2 ")
    assert pop3.rest().startswith(b"-ERR [SYS/TEMP] ")
    assert half_open.rest() == b""
    wait_for("closed ports", lambda: not any(accepts(server, port) for port in server.ports))
    assert server.process.poll() is None, "the server did not wait for the message under way"

    sending.say("\r\nthe rest\r\n.\r\n")
    assert sending.line().startswith(b"250 2.0.0 ")
    assert sending.rest().startswith(b"421 4.3.2 ")
    appending.say(message[30:] + "\r\n")
    assert appending.line().startswith(b"A OK [APPENDUID ")
    assert appending.rest().startswith(BYE)
    begun = time.monotonic()
    assert server.process.wait(timeout=30) == 0, server.log_text()[-3000:]
    assert time.monotonic() - begun < DRAIN_SECONDS_MAX / 2, "it waited for nobody"
    assert "event=stopped cut_off=0" in server.log_text()
    server.process = None
    server.start()
    messages = server.messages(USER)
    assert len(messages) == 2, messages
    assert any(b"Subject: under way" in m and b"the rest" in m for m in messages)
    assert any(b"Subject: appended" in m for m in messages)


def limit(server):
    slow = begin_message(server, "never ended")
    begun = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert slow.rest().startswith(b"421 4.3.2 ")
    assert server.process.wait(timeout=60) == 0, server.log_text()[-3000:]
    took = time.monotonic() - begun
    assert DRAIN_SECONDS_MAX - 1 < took < DRAIN_SECONDS_MAX + 10, took
    assert "event=stopped cut_off=1" in server.log_text()
    server.process = None
    server.start()
    assert len(server.messages(USER)) == 2


def second_signal(server):
    slow = begin_message(server, "never ended")
    server.process.send_signal(signal.SIGTERM)
    wait_for("the drain", lambda: not accepts(server, "smtp"))
    begun = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=30) == -signal.SIGTERM
    assert time.monotonic() - begun < DRAIN_SECONDS_MAX / 2
    try:
        assert slow.rest() == b""
    except ConnectionResetError:
        pass
    server.process = None
    server.start()
    assert len(server.messages(USER)) == 2


def main():
    with Server() as server:
        server.add_account(USER)
        for scenario in (drain, limit, second_signal):
            print(scenario.__name__, flush=True)
            scenario(server)
    print("good")


main()
