"""The parts of a BODYSTRUCTURE (as ImapReader gives it), with the numbers by which BODY[] knows them."""


class Part:
    """RFC 9051 §7.5.2, body-type-1part and body-type-mpart."""

    def __init__(self, node, number):
        self.number = number
        self.multipart = isinstance(node[0], list)
        self.message = self.leaf = False
        if self.multipart:
            return
        kind, subtype = node[0].decode().lower(), node[1].decode().lower()
        self.type = f"{kind}/{subtype}"
        self.message = kind == "message" and isinstance(node[7], list)  # its envelope
        self.leaf = not self.message
        self.encoding, self.octets = node[5].decode().upper(), int(node[6])
        self.lines = int(node[9 if self.message else 7]) if self.message or kind == "text" else None


def parts_of(node, number=""):
    """Outer ones first; what has no number of its own (a message's multipart) is left out. RFC 9051 §6.4.5.1."""
    part = Part(node, number or "1")
    if part.multipart:
        if number:
            yield part
        for count, child in enumerate(node, 1):
            if not isinstance(child, list):
                return  # the subtype ends the parts
            yield from parts_of(child, f"{number}.{count}" if number else str(count))
        return
    yield part
    if part.message and isinstance(node[8][0], list):
        within = parts_of(node[8], part.number)
        next(within)  # the multipart itself
        yield from within
    elif part.message:
        yield from parts_of(node[8], part.number + ".1")
