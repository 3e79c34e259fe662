"""MX hosts that are hostile, each in its own way on an address of its own, for tests/torture/hostile.

    hostile_mx.py PORT CERTIFICATE KEY

Prints an event a line: {"who": BEHAVIOUR, "what": "connect"}, {"who": ..., "what": "message", "id": ..., "told": BOOL}
(told: the peer was told that it is accepted). SIGUSR1: from there on every host is honest, and what is open is closed.
"""

import asyncio
import ipaddress
import json
import re
import signal
import ssl
import sys
import time

from hostile_names import MX_BEHAVIOURS, address_of

ID = re.compile(rb"^X-Torture-Id: (\S+)\r$", re.MULTILINE)
FLOOD = b"250-flood flood flood flood flood flood flood flood flood flood\r\n" * 500
STORM_REPLIES = {b"MAIL": b"451 4.3.0 not now\r\n", b"RCPT": b"450 4.2.1 not now\r\n",
                 b"DATA": b"452 4.3.1 not now\r\n"}


class Closed(Exception):
    pass


class Host:
    def __init__(self, behaviour, context):
        self.behaviour, self.context = behaviour, context
        self.honest = behaviour == "good"
        self.open = set()
        self.storms = 0

    def say(self, what, **more):
        print(json.dumps({"time": time.monotonic(), "who": self.behaviour, "what": what, **more}), flush=True)

    def is_(self, *behaviours):
        return not self.honest and self.behaviour in behaviours

    def repent(self):
        self.honest = True
        for writer in list(self.open):
            writer.transport.abort()

    async def serve(self, reader, writer):
        self.say("connect")
        self.open.add(writer)
        try:
            await Session(self, reader, writer).run()
        except (OSError, EOFError, Closed, ssl.SSLError, asyncio.LimitOverrunError, ValueError):
            pass
        self.open.discard(writer)
        writer.transport.abort()


class Session:
    def __init__(self, host, reader, writer):
        self.host, self.reader, self.writer = host, reader, writer
        self.tls = False

    async def send(self, octets):
        self.writer.write(octets)
        await self.writer.drain()

    async def flood(self, octets):
        while True:
            await self.send(octets)

    async def drip(self, octets):
        for i in range(len(octets)):
            await self.send(octets[i : i + 1])
            await asyncio.sleep(1)  # that is what this host does

    async def greet(self):
        host = self.host
        if host.is_("silent"):
            await asyncio.sleep(3600)
        if host.is_("endless_greeting"):
            await self.flood(b"220-hello\r\n" * 500)
        if host.is_("endless_line"):
            await self.flood(b"2" * 32_000)
        if host.is_("busy"):
            await self.send(b"421 4.3.2 too busy\r\n")
            raise Closed
        greeting = b"220 mx.example ESMTP\r\n"
        if host.is_("greets_250", "greets_200"):  # a success that is none: nothing was sent yet
            greeting = host.behaviour[-3:].encode() + b" mx.example\r\n"
        if host.is_("greets_twice"):
            greeting *= 2
        await (self.drip(greeting * 100) if host.is_("drip") else self.send(greeting))

    async def run(self):
        await self.greet()
        while True:
            line = await self.reader.readline()
            if not line:
                return
            verb = line[:4].upper()
            if self.host.is_("storm") and verb in STORM_REPLIES:
                # Each attempt gets one step further.
                wanted = list(STORM_REPLIES)[self.host.storms % 3]
                if verb == wanted:
                    self.host.storms += 1
                    await self.send(STORM_REPLIES[verb])
                    continue
            if verb == b"EHLO":
                await self.hello()
            elif verb == b"STAR":
                await self.start_tls()
            elif verb == b"DATA":
                await self.take()
            elif verb == b"QUIT":
                await self.send(b"221 bye\r\n")
                return
            else:
                await self.send(b"250 2.0.0 ok\r\n")

    async def hello(self):
        if self.host.is_("endless_reply"):
            await self.flood(FLOOD)
        await self.send(b"250-mx.example\r\n" + (b"" if self.tls else b"250-STARTTLS\r\n") + b"250 8BITMIME\r\n")

    async def start_tls(self):
        host = self.host
        if host.is_("tls_drop"):
            raise Closed
        if host.is_("tls_garbage"):
            await self.send(b"220 go ahead\r\n" + b"this is not TLS\r\n" * 20)
            return
        if host.is_("inject"):
            # Replies in the clear for commands that will come inside TLS: RFC 3207 §6, CVE-2021-38371.
            await self.send(b"220 go ahead\r\n250-mx.example\r\n250 8BITMIME\r\n250 ok\r\n250 ok\r\n354 go\r\n"
                            b"250 injected\r\n")
        else:
            await self.send(b"220 go ahead\r\n")
        await self.writer.start_tls(host.context)
        self.tls = True
        host.say("tls")

    async def take(self):
        await self.send(b"354 go ahead\r\n")
        octets = b""
        while not octets.endswith(b"\r\n.\r\n"):
            piece = await self.reader.read(65536)
            if not piece:
                return
            octets += piece
        found = ID.search(octets)
        told = not self.host.is_("after_dot", "half_reply")
        self.host.say("message", id=found[1].decode() if found else None, told=told, tls=self.tls)
        if self.host.is_("half_reply"):
            await self.send(b"25")
        if not told:
            raise Closed
        await self.send(b"250 2.0.0 accepted\r\n")


async def main():
    port = int(sys.argv[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    hosts = [Host(behaviour, context) for behaviour in MX_BEHAVIOURS]
    for host in hosts:
        address = str(ipaddress.ip_address(address_of(host.behaviour)))
        await asyncio.start_server(host.serve, address, port)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: [host.repent() for host in hosts])
    print(json.dumps({"what": "ready"}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
