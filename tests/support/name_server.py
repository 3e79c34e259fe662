"""A DNS server for tests: answers from a table, over UDP and TCP, on a port of its own. Only standard library.

    with NameServer({"a.example": [("MX", (10, "mx.a.example")), ("TXT", ["v=spf1 ", "-all"])]}) as names:
        ... names.port ...

A name whose list holds SERVFAIL or SILENT fails so, or is never answered, but for the types in its list.
"*.a.example" speaks for the names below.
"""

import ipaddress
import socket
import socketserver
import struct
import threading

from server import free_port

SERVFAIL, SILENT = "SERVFAIL", "SILENT"
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SPF": 99}
CNAMES_MAX = 8
PORTS_TRIED_MAX = 100
STOP_LOOK_SECONDS = 0.02  # how often socketserver looks whether it is to stop


def wire_name(name):
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in labels) + b"\0"


def wire_data(kind, value):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "MX":
        return struct.pack("!H", value[0]) + wire_name(value[1])
    if kind in ("TXT", "SPF"):
        texts = [value] if isinstance(value, (str, bytes)) else value
        octets = [text if isinstance(text, bytes) else text.encode("latin-1") for text in texts]
        pieces = [one[i:i + 255] for one in octets for i in range(0, max(1, len(one)), 255)]
        return b"".join(bytes([len(piece)]) + piece for piece in pieces or [b""])  # no text at all is no TXT record
    return wire_name(value)


def read_question(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    return ".".join(labels), struct.unpack("!H", query[at + 1:at + 3])[0], query[12:at + 5]


class NameServer:
    def __init__(self, records, address="127.0.0.1"):
        self.records = {name.lower().rstrip("."): entries for name, entries in records.items()}
        self.asked = []
        server = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                answer = server.answer(self.request[0], 1232)
                if answer:
                    self.request[1].sendto(answer, self.client_address)

        class Connection(socketserver.BaseRequestHandler):
            def handle(self):
                head = self.request.recv(2, socket.MSG_WAITALL)
                if len(head) < 2:
                    return
                answer = server.answer(self.request.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL), 65535)
                if answer:
                    self.request.sendall(struct.pack("!H", len(answer)) + answer)

        self.udp, self.tcp = self._listen(address, Datagram, Connection)
        self.port = self.udp.server_address[1]
        for one in (self.udp, self.tcp):
            one.daemon_threads = True
            threading.Thread(target=one.serve_forever, args=(STOP_LOOK_SECONDS,), daemon=True).start()

    @staticmethod
    def _listen(address, datagram, connection):
        """Both on one port; another test may take the port's other half in between."""
        for _ in range(PORTS_TRIED_MAX):
            udp = None
            try:
                udp = socketserver.ThreadingUDPServer((address, free_port(address)), datagram)
                return udp, socketserver.ThreadingTCPServer(udp.server_address, connection)
            except OSError:
                if udp:
                    udp.server_close()
        raise AssertionError("found no port that is free for UDP and TCP")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in (self.udp, self.tcp):
            one.shutdown()
            one.server_close()

    def entries(self, name):
        """What stands at a name: None if it does not exist, an empty list if only names below it do."""
        if name in self.records:
            return self.records[name]
        if any(other.endswith("." + name) for other in self.records):
            return []
        parent = name.partition(".")[2]
        while parent:
            if "*." + parent in self.records:
                return self.records["*." + parent]
            parent = parent.partition(".")[2]
        return None

    def answer(self, query, octets_max):
        name, kind, question = read_question(query)
        name = name.lower()
        self.asked.append((name, kind))
        found, code = [], 0
        for _ in range(CNAMES_MAX):
            entries = self.entries(name)
            if entries is None:
                code = 3  # NXDOMAIN
                break
            rows = [entry for entry in entries if entry not in (SERVFAIL, SILENT)]
            wanted = [row for row in rows if TYPES[row[0]] == kind]
            aliases = [row for row in rows if row[0] == "CNAME" and kind != TYPES["CNAME"]]
            if not wanted and not aliases and SILENT in entries:
                return None
            if not wanted and not aliases and SERVFAIL in entries:
                code, found = 2, []
                break
            found += [(name, *entry) for entry in (aliases or wanted)]
            if not aliases:
                break
            name = aliases[0][1].lower().rstrip(".")
        records = b""
        for owner, record, value in found:
            data = wire_data(record, value)
            records += wire_name(owner) + struct.pack("!HHIH", TYPES[record], 1, 60, len(data)) + data
        head = lambda flags, count: query[:2] + struct.pack("!HHHHH", flags, 1, count, 0, 0) + question
        whole = head(0x8580 | code, len(found)) + records
        return whole if len(whole) <= octets_max else head(0x8780, 0)  # TC: ask again over TCP
