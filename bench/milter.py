"""The mail server's side of the milter protocol, version 6, as far as a signer or verifier is asked: one connection,
one message after the other. Nothing optional is offered, so every step has its answer.
"""

import socket
import struct

VERSION, ACTIONS = 6, 0x1FF
BODY_OCTETS_MAX = 65_535
CONTINUE, ACCEPT, PROGRESS, ADD_HEADER, INSERT_HEADER = b"c", b"a", b"p", b"h", b"i"


class Milter:
    def __init__(self, port, client):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")
        self._send(b"O", struct.pack("!III", VERSION, ACTIONS, 0))
        assert self._receive()[0] == b"O"
        self._ask(b"C", b"client.example\0" + b"4" + struct.pack("!H", 25) + client.encode() + b"\0")
        self._ask(b"H", b"client.example\0")

    def close(self):
        self.reader.close()
        self.socket.close()

    def fields_for(self, sender, recipient, text):
        """The (name, value) that it adds to the message."""
        header, _, body = text.partition(b"\r\n\r\n")
        for command, octets in ((b"M", f"<{sender}>\0".encode()), (b"R", f"<{recipient}>\0".encode()),
                                *((b"L", octets) for octets in fields_of(header)), (b"N", b""),
                                *((b"B", body[at:at + BODY_OCTETS_MAX])
                                  for at in range(0, len(body), BODY_OCTETS_MAX))):
            if self._ask(command, octets) == ACCEPT:
                return []
        self._send(b"E", b"")
        added = []
        while True:
            answer, octets = self._receive()
            if answer in (ADD_HEADER, INSERT_HEADER):
                name, value = octets[4 if answer == INSERT_HEADER else 0:].split(b"\0")[:2]
                added.append((name.decode(), value.decode()))
            elif answer in (CONTINUE, ACCEPT):
                return added
            else:
                assert answer == PROGRESS or answer == b"m", answer

    def _ask(self, command, octets):
        self._send(command, octets)
        answer, _ = self._receive()
        assert answer in (CONTINUE, ACCEPT), (command, answer)
        return answer

    def _send(self, command, octets):
        self.socket.sendall(struct.pack("!I", len(octets) + 1) + command + octets)

    def _receive(self):
        size = struct.unpack("!I", self.reader.read(4))[0]
        packet = self.reader.read(size)
        return packet[:1], packet[1:]


def fields_of(header):
    for line in header.replace(b"\r\n\t", b"\n\t").replace(b"\r\n ", b"\n ").split(b"\r\n"):
        name, _, value = line.partition(b":")
        yield name + b"\0" + value.removeprefix(b" ") + b"\0"
