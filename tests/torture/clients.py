"""Clients of SMTP, LMTP and IMAP for the torture run: plain sockets, so that every octet and every reply is ours.

They raise OSError or EOFError when the server dies, and Refused when it answers no.
"""

import re
import socket
import ssl

TIMEOUT_SECONDS = 30


class Refused(Exception):
    pass


class Lines:
    """A socket as lines and counted octets."""

    def __init__(self, sock):
        self.sock = sock
        self.file = sock.makefile("rb", buffering=256 * 1024)

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("the server is gone")
        return line[:-2]

    def octets(self, count):
        octets = self.file.read(count)
        if len(octets) != count:
            raise EOFError("the server is gone")
        return octets

    def close(self):
        self.file.close()
        self.sock.close()


class Smtp:
    """SMTP, or LMTP, which answers for each recipient: RFC 2033 §4.2."""

    def __init__(self, address, port, lmtp=False):
        self.lmtp = lmtp
        self.stream = Lines(socket.create_connection((address, port), timeout=TIMEOUT_SECONDS))
        self.must(220)
        self.send(b"LHLO torture.example" if lmtp else b"EHLO torture.example")
        self.must(250)

    def send(self, line):
        self.stream.sock.sendall(line + b"\r\n")

    def reply(self):
        while True:
            line = self.stream.line()
            if line[3:4] != b"-":
                return int(line[:3]), line.decode()

    def must(self, code):
        got, text = self.reply()
        if got != code:
            raise Refused(text)

    def deliver(self, sender, recipients, text):
        """Gives one reply code for each recipient of LMTP, or one in all; the message is nobody's before that."""
        commands = [f"MAIL FROM:<{sender}>"] + [f"RCPT TO:<{r}>" for r in recipients] + ["DATA"]
        self.send("\r\n".join(commands).encode())
        for _ in commands[:-1]:
            self.must(250)
        self.must(354)
        self.stream.sock.sendall(text + b".\r\n")
        for i in range(len(recipients) if self.lmtp else 1):
            yield i, self.reply()

    def close(self):
        self.stream.close()


class Imap:
    def __init__(self, address, port, user, password):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = socket.create_connection((address, port), timeout=TIMEOUT_SECONDS)
        self.stream = Lines(context.wrap_socket(plain))
        self.tag = 0
        self.stream.line()
        self.command(f'LOGIN "{user}" "{password}"')

    def response(self):
        """One response: its text with each literal taken out, and the literals."""
        text, literals = b"", []
        while True:
            line = self.stream.line()
            found = re.search(rb"\{(\d+)\}$", line)
            if not found:
                return text + line, literals
            text += line[: found.start()]
            literals.append(self.stream.octets(int(found[1])))

    def command(self, line, literal=None):
        """The untagged responses and the tagged line."""
        self.tag += 1
        tag = b"t%d " % self.tag
        octets = tag + line.encode()
        if literal is not None:
            octets += b" {%d+}\r\n" % len(literal) + literal
        self.stream.sock.sendall(octets + b"\r\n")
        untagged = []
        while True:
            text, literals = self.response()
            if text.startswith(tag):
                answer = text[len(tag):].decode()
                # RFC 9051 §7.1: others expunged some of what a FETCH names; the rest has been given.
                gone_meanwhile = " FETCH " in line and answer.startswith("NO [EXPUNGEISSUED]")
                if not answer.startswith("OK") and not gone_meanwhile:
                    raise Refused(f"{line}: {answer}")
                return untagged, answer
            if text.startswith(b"* BYE"):
                raise EOFError("BYE")
            untagged.append((text, literals))

    def select(self, mailbox):
        """Numbers by name: EXISTS, UIDVALIDITY, UIDNEXT, HIGHESTMODSEQ."""
        untagged, _ = self.command(f'SELECT "{mailbox}" (CONDSTORE)')
        numbers = {}
        for text, _ in untagged:
            if found := re.match(rb"\* (\d+) EXISTS", text):
                numbers["EXISTS"] = int(found[1])
            if found := re.match(rb"\* OK \[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ) (\d+)\]", text):
                numbers[found[1].decode()] = int(found[2])
        return numbers

    def append(self, mailbox, text):
        """The UID of the new message: RFC 4315 §3."""
        _, answer = self.command(f'APPEND "{mailbox}"', literal=text)
        return int(re.search(r"\[APPENDUID \d+ (\d+)\]", answer)[1])

    def move(self, uids, mailbox):
        """Where each UID went."""
        untagged, answer = self.command(f'UID MOVE {sequence(uids)} "{mailbox}"')
        for text in [t.decode(errors="replace") for t, _ in untagged] + [answer]:
            if found := re.search(r"\[COPYUID \d+ (\S+) ([^\]\s]+)\]", text):
                return dict(zip(numbers_of(found[1]), numbers_of(found[2])))
        return {}

    def close(self):
        self.stream.close()


def fetched(untagged):
    """Of each FETCH response: UID, MODSEQ, flags and literals, as far as they are there."""
    for text, literals in untagged:
        if not re.match(rb"\* \d+ FETCH ", text):
            continue
        uid = re.search(rb"\bUID (\d+)", text)
        modseq = re.search(rb"\bMODSEQ \((\d+)\)", text)
        flags = re.search(rb"\bFLAGS \(([^)]*)\)", text)
        yield (int(uid[1]) if uid else 0, int(modseq[1]) if modseq else 0,
               frozenset(flags[1].decode().split()) if flags else None, literals)


def sequence(uids):
    return ",".join(str(uid) for uid in sorted(uids))


def numbers_of(sequence_set):
    numbers = []
    for part in sequence_set.split(","):
        first, _, last = part.partition(":")
        low, high = int(first), int(last or first)
        numbers += range(low, high + 1) if low <= high else range(low, high - 1, -1)
    return numbers
