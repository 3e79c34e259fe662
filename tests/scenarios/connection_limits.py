#!/usr/bin/env python3
"""Past the limit of connections, of one address and in all, each listener says so and closes; a place comes back.

The keys are smtp.connections_max, smtp.connections_per_address_max, submission.connections_max,
submission.connections_per_address_max, lmtp.connections_max, lmtp.connections_per_address_max, imap.connections_max,
imap.connections_per_address_max, pop3.connections_max, pop3.connections_per_address_max.

In the clear that is SMTP's and LMTP's 421, IMAP's BYE and POP3's -ERR; before TLS nothing can be said.
"""

import pathlib
import socket
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import Server, wait_for  # noqa: E402

PER_ADDRESS, IN_ALL = 2, 3
GREETING = {"smtp": b"220 ", "submission": b"220 ", "lmtp": b"220 ", "imap": b"* OK ", "pop3": b"+OK "}
REFUSAL = {"smtp": b"421 mx.a.example too many connections", "submission": b"421 ", "lmtp": b"421 ",
           "imap": b"* BYE [UNAVAILABLE] too many connections", "pop3": b"-ERR [SYS/TEMP] too many connections"}
TLS = {"submission": "submissions", "imap": "imaps", "pop3": "pop3s"}


def connect(server, name, source="127.0.0.1"):
    return socket.create_connection((server.address, server.ports[name]), timeout=30, source_address=(source, 0))


def first_line(connection):
    file = connection.makefile("rb")
    return file.readline(), file


def is_open(server, name):
    """A connection that is let in, or None."""
    connection = connect(server, name)
    line, _ = first_line(connection)
    if line.startswith(GREETING[name]):
        return connection
    connection.close()
    return None


def check_listener(server, name):
    # The first connections may find the places of the test's probes still taken.
    held = [wait_for(f"a place at {name}", lambda: is_open(server, name)) for _ in range(PER_ADDRESS)]

    def refused(source):
        with connect(server, name, source) as connection:
            line, file = first_line(connection)
            assert line.startswith(REFUSAL[name]), f"{name}: {line!r}"
            assert line.endswith(b"\r\n") and file.read() == b"", f"{name} stays open"

    refused("127.0.0.1")
    other = connect(server, name, "127.0.0.2")
    line, _ = first_line(other)
    assert line.startswith(GREETING[name]), f"{name}: {line!r}"
    refused("127.0.0.3")  # in all
    if name in TLS:
        with connect(server, TLS[name], "127.0.0.3") as connection:
            try:
                server.tls().wrap_socket(connection, server_hostname="127.0.0.1")
                raise AssertionError(f"{TLS[name]} let another one in")
            except (ssl.SSLError, ConnectionError):
                pass
    for connection in [other, *held]:
        connection.close()
    wait_for(f"a place at {name} again", lambda: is_open(server, name)).close()
    print(f"  {name}: {REFUSAL[name].decode()}")


def main():
    limits = f"connections_per_address_max = {PER_ADDRESS}\nconnections_max = {IN_ALL}"
    with Server(listener=limits) as server:
        for name in GREETING:
            check_listener(server, name)
    print("connection_limits: ok")


if __name__ == "__main__":
    main()
