"""An IMAP client that reads whole answers as values, literals included; imaplib leaves them in pieces.

    client = ImapReader(server, "ann@a.example")
    client.command("EXAMINE INBOX")
    for number, items in client.fetch("1:10", "(BODYSTRUCTURE)"): ...

An atom is a str, a string (quoted or literal) is bytes, NIL is None, a list is a list. RFC 9051 §4.
"""

import re
import socket

from server import PASSWORD

TOKEN = re.compile(
    rb' *(?:([()])|"((?:[^"\\]|\\.)*)"|([^ ()"\[\]]*\[[^\]]*\][^ ()]*|[^ ()"]+))')
LITERAL = re.compile(rb"~?\{(\d+)\}$")


class ImapReader:
    def __init__(self, server, user):
        raw = socket.create_connection((server.address, server.ports["imaps"]), timeout=60)
        self._file = server.tls().wrap_socket(raw, server_hostname=server.address).makefile("rwb")
        self._tags = 0
        self._response()
        self.command(f'LOGIN "{user}" "{PASSWORD}"')

    def command(self, text, expect="OK"):
        """Gives the untagged answers and the text of the tagged one, which must begin with `expect`."""
        self._tags += 1
        tag = f"t{self._tags}"
        self._file.write(f"{tag} {text}\r\n".encode())
        self._file.flush()
        untagged = []
        while True:
            answer = self._response()
            if answer.startswith(b"* "):
                untagged.append(self._values(answer[2:]))
                continue
            end = answer.removeprefix(tag.encode() + b" ").decode()
            assert end.startswith(expect), f"{text}: {end}"
            return untagged, end

    def fetch(self, numbers, items, expect="OK"):
        """{message number: {item: value}}"""
        found = {}
        for answer in self.command(f"FETCH {numbers} {items}", expect)[0]:
            if answer[1] == "FETCH":
                pairs = answer[2]
                found.setdefault(int(answer[0]), {}).update(zip(pairs[::2], pairs[1::2]))
        return found

    def close(self):
        self.command("LOGOUT")
        self._file.close()

    def _response(self):
        """One response's text, without the literals: those wait, in order, in self._literals."""
        self._literals = []
        text = b""
        while True:
            line = self._file.readline()
            assert line.endswith(b"\r\n"), f"cut off after {text + line!r}"
            text += line[:-2]
            literal = LITERAL.search(text)
            if literal is None:
                return text
            text = text[:literal.start()] + b'""'
            octets = self._file.read(int(literal[1]))
            self._literals.append((len(text), octets))

    def _values(self, text):
        """The values of an untagged answer. Free text (after OK, BYE, ...) is left as one string."""
        if text.startswith((b"OK ", b"NO ", b"BAD ", b"BYE ", b"PREAUTH ")):
            return text.decode().split(" ", 1)
        literals = {end - len(b'""'): octets for end, octets in self._literals}
        stack, position = [[]], 0
        while position < len(text.rstrip()):
            token = TOKEN.match(text, position)
            assert token is not None, text[position:position + 80]
            parenthesis, quoted, atom = token.groups()
            if parenthesis == b"(":
                stack.append([])
            elif parenthesis == b")":
                done = stack.pop()
                stack[-1].append(done)
            elif quoted is not None:
                begin = token.start(2) - 1 + len(b"* ")
                stack[-1].append(literals[begin] if begin in literals else re.sub(rb"\\(.)", rb"\1", quoted))
            else:
                stack[-1].append(None if atom.upper() == b"NIL" else atom.decode())
            position = token.end()
        assert len(stack) == 1, "parentheses do not match"
        return stack[0]
