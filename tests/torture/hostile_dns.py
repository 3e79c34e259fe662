"""A DNS server that lies, stalls and floods, over UDP and TCP, for tests/torture/hostile.

    hostile_dns.py PORT

The zone is made of names: MX of BEHAVIOUR.example is mx.BEHAVIOUR.example, and so is that of BEHAVIOUR-dns.example,
whose answers are as hostile as its name says. SIGUSR1: from there on every answer is honest.
"""

import asyncio
import random
import signal
import struct
import sys

from hostile_names import DNS_BEHAVIOURS, MX_BEHAVIOURS, address_of

A, CNAME, SOA, MX, TXT, AAAA = 1, 5, 6, 15, 16, 28
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
UDP_OCTETS_MAX = 1232
TTL_SECONDS = 1  # so that nothing is answered from a cache for long
CHAIN_LENGTH = 64
MANY = 1_000
SLOW_SECONDS = 1
QUESTION = b"\xc0\x0c"  # the name of the question, compressed: 1,000 records fit into one answer


def name_of(octets, at):
    labels = []
    while octets[at]:
        labels.append(octets[at + 1 : at + 1 + octets[at]])
        at += 1 + octets[at]
    return b".".join(labels).decode().lower(), at + 1


def name_octets(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def record(name, kind, value):
    return name_octets(name) + struct.pack(">HHIH", kind, 1, TTL_SECONDS, len(value)) + value


def mx(name, exchange, preference=10):
    return record(name, MX, struct.pack(">H", preference) + name_octets(exchange))


class Zone:
    def __init__(self):
        self.honest = False

    def answers(self, name, kind):
        """The records, and the code: what an honest server would say, or a hostile one by its records only."""
        behaviour = self.behaviour(name)
        labels = name.split(".")
        if not self.honest and behaviour in ("cname_chain", "cname_loop"):
            return self.cname(name, kind, behaviour)
        if behaviour == "many_records" and labels[0].startswith("mx") and kind == A:
            return [record(name, A, address_of("good"))], NOERROR
        if len(labels) == 2:
            if kind == MX and behaviour == "many_records":
                return [QUESTION + mx("", f"mx{i}.{name}", i)[1:] for i in range(MANY)], NOERROR
            if kind == MX:
                return [mx(name, f"mx.{name}")], NOERROR
            if kind == TXT:
                return [QUESTION + record("", TXT, b"\x20" + b"x" * 32)[1:] for _ in range(MANY)], NOERROR
        if len(labels) == 3 and labels[0] == "mx" and kind == A:
            return [record(name, A, address_of(behaviour if behaviour in MX_BEHAVIOURS else "good"))], NOERROR
        return [], NOERROR

    @staticmethod
    def behaviour(name):
        label = name.split(".")[-2] if name.count(".") else ""
        label = label.removesuffix("-dns").replace("-", "_")
        return label if label in MX_BEHAVIOURS or label in DNS_BEHAVIOURS else ""

    @staticmethod
    def cname(name, kind, behaviour):
        labels = name.split(".")
        number = int(labels[0][1:]) if labels[0][0] == "c" and labels[0][1:].isdigit() else 0
        base = ".".join(labels[-2:])
        if behaviour == "cname_loop":
            return [record(name, CNAME, name_octets(f"c{(number + 1) % 3}.{base}"))], NOERROR
        if number < CHAIN_LENGTH:
            return [record(name, CNAME, name_octets(f"c{number + 1}.{base}"))], NOERROR
        return [mx(name, f"mx.{base}")] if kind == MX else [], NOERROR

    def reply(self, query, over_tcp):
        """(octets or None, seconds to wait before)."""
        name, end = name_of(query, 12)
        kind = struct.unpack(">H", query[end : end + 2])[0]
        behaviour = "" if self.honest else self.behaviour(name)
        if behaviour == "garbage":
            return random.randbytes(random.randint(1, 600)), 0
        if behaviour == "truncated" and over_tcp:
            return None, 0
        records, code = self.answers(name, kind)
        if behaviour == "servfail":
            records, code = [], SERVFAIL
        flags = 0x8180 | code
        body = b"".join(records)
        question = query[12 : end + 4]
        if behaviour == "wrong_question":
            question = name_octets("other.example") + query[end : end + 4]
        if behaviour == "truncated" or (not over_tcp and len(body) + end > UDP_OCTETS_MAX):
            flags, records, body = flags | 0x0200, [], b""
        number = struct.unpack(">H", query[:2])[0] ^ (1 if behaviour == "wrong_id" else 0)
        head = struct.pack(">HHHHHH", number, flags, 1, len(records), 0, 0)
        return head + question + body, SLOW_SECONDS if behaviour == "slow" else 0


class Udp(asyncio.DatagramProtocol):
    def __init__(self, zone):
        self.zone = zone

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, query, sender):
        octets, wait = self.zone.reply(query, over_tcp=False)
        if octets is not None:
            asyncio.get_running_loop().call_later(wait, self.transport.sendto, octets, sender)


async def over_tcp(zone, reader, writer):
    try:
        while True:
            size = struct.unpack(">H", await reader.readexactly(2))[0]
            octets, wait = zone.reply(await reader.readexactly(size), over_tcp=True)
            if octets is None:
                break
            await asyncio.sleep(wait)  # that is what this server does
            writer.write(struct.pack(">H", len(octets)) + octets)
            await writer.drain()
    except (OSError, EOFError):
        pass
    writer.close()


async def main():
    zone = Zone()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: setattr(zone, "honest", True))
    port = int(sys.argv[1])
    await loop.create_datagram_endpoint(lambda: Udp(zone), ("127.0.0.1", port))
    server = await asyncio.start_server(lambda reader, writer: over_tcp(zone, reader, writer), "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
