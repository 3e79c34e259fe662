"""Where proto/mime and Python's email package may find other parts in a message.

A rewrite takes one feature out of a message in the way that we mean it: Python must then find in the new message what
we found in the old one, so nothing is passed over. Each has an example, in which it alone must make the difference.
"""

import re

from mime_values import parameters_in, plainly, without_comments, without_renames

FIELD = rb"[\x21-\x39\x3b-\x7e]+[ \t]*:"
CONTENT_TYPE = rb"(?im)^(content-type\s*:)((?:[^\n]|\n[ \t])*)"
CONTENT = rb"(?im)^(content-(?:type|disposition):)((?:[^\n]|\n[ \t])*)"


def walk(part, above=()):
    yield part, above
    for child in part.children:
        yield from walk(child, above + (part,))


def sent_boundary(header):
    """Of a multipart, also of one that is shown as text."""
    found = re.search(CONTENT_TYPE, header)
    value = without_comments(found[2]) if found else b""
    if not re.match(rb"(?i)\s*multipart\s*/", value):
        return None
    values = dict((name.lower(), value) for name, value in reversed(parameters_in(value)))
    return values.get(b"boundary", b"")


# Of one part's header each.

def without_lines(part, header):
    out, keep = [], False
    for line in re.findall(rb"[^\n]*\n|[^\n]+", header):
        if line in (b"\n", b"\r\n"):
            keep = True
        elif line[:1] not in b" \t":
            keep = re.match(FIELD, line) is not None
        out += [line] if keep else []
    return b"".join(out)


def without_blanks(part, header):
    return re.sub(rb"(?m)^([\x21-\x39\x3b-\x7e]+)[ \t]+:", rb"\1:", header)


def with_plain_values(part, header):
    def change(m):
        value = without_comments(m[2])
        if m[1].lower() == b"content-type:":
            parts = re.match(rb"\s*([^\s/;\0]*)\s*(?:/\s*([^\s/;\0]*))?", value)
            found, kind = parameters_in(value[parts.end():]), parts[1] + b"/" + (parts[2] or b"")
            if not parts[1] or not parts[2]:
                kind, found = b"text/plain", found if parts[1].lower() == b"text" else []
        else:
            parts = re.match(rb"\s*([^\s=;\0]*)\s*(=?)", value)
            kind = b"attachment" if parts[2] or not parts[1] else parts[1]
            found = parameters_in(value if parts[2] else value[parts.end():])
        return m[1] + plainly(b" " + kind.replace(b'"', b"_"), found) + (b"\r" if m[2].endswith(b"\r") else b"")
    return re.sub(CONTENT, change, header)


def other_message_type(kind):
    """What Python looks into, as a type that it leaves alone."""
    return re.sub(r"^message/", "application/x-message-", kind)


def with_other_type(part, header):
    """What is shown as octets keeps its name only."""
    if part.kind != "leaf":
        return header
    if part.type == "application/octet-stream" and not re.search(rb"(?im)^content-type:", header):
        return b"Content-Type: application/octet-stream\n" + header  # of a digest, where a message is the default
    found = re.search(rb"(?im)^content-type:\s*(message/[^\s;]+)((?:[^\r\n]|\r?\n[ \t])*)", header)
    kind = part.type.replace('"', "_")  # as with_plain_values() has it
    if not found or kind not in ("application/octet-stream", found[1].decode("latin-1").lower()):
        return header
    rest = found[2]
    if kind == "application/octet-stream":
        rest = plainly(b"", [pair for pair in parameters_in(rest) if pair[0].lower().startswith(b"name")])
    return header[:found.start(1)] + other_message_type(kind).encode() + rest + header[found.end():]


def without_boundary(part, header):
    """Of a multipart that is text, for its boundary is none or stands in a closing delimiter first."""
    boundary = sent_boundary(header) if part.kind == "leaf" else None
    if boundary is None:
        return header
    boundary = without_renames(boundary)
    first = re.search(rb"(?m)^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$", part.raw)
    if boundary.strip() == boundary != b"" and not (first and first[1]):
        return header
    sent = rb"boundary\s*=\s*(?:\"[^\"]*\"|[^;\s]*)"
    return re.sub(rb"(?im)^(content-type:(?:[^\n]|\n[ \t])*?)" + sent, rb'\1boundary="absent"', header, count=1)


def without_returns(part, header):
    # In an encoding it stands for a blank.
    header = re.sub(rb"(?im)^content-transfer-encoding:[^\n]*", lambda m: re.sub(rb"\r(?!$)", b" ", m[0]), header)
    return re.sub(rb"\r(?!\n)", b"", header)


HEADERS = [
    ("a line in a header that is no field is left out: docs/mime-differences.md", without_lines,
     b"Subject: a\nno field\nContent-Type: image/png\n\nbody\n"),
    ("white space before the colon: RFC 5322 §4.5", without_blanks, b"Content-Type : image/png\n\nbody\n"),
    ("comments, values without a quote or a \";\", a fold behind a value: RFC 2045 §5.1, docs/mime-differences.md",
     with_plain_values, b"Content-Type: image / png (c) x=y\n z=\"a\n\nbody\n"),
    ("only message/rfc822 and message/global are messages, and none in base64: RFC 2046 §5.2.1, RFC 6532 §3.7",
     with_other_type, b"Content-Type: message/delivery-status\n\na: b\n\nc: d\n"),
    ("a multipart without a boundary or a part is text, all of it: RFC 2046 §5.1.1, docs/mime-differences.md",
     without_boundary,
     b"Content-Type: multipart/mixed; boundary=\"b \"\n\n--b\n\na\n--b--\n"),
    ("a lone CR ends no line of a header: RFC 5322 §2.3", without_returns, b"Subject: a\rb: c\n\nc\n"),
]


# Of places in the message: (begin, end, what to put there).

def ends_of_header(octets, root):
    for part, _ in walk(root):
        first = octets[part.ranges[1]:part.ranges[1] + 998]
        header = octets[part.ranges[0]:part.ranges[1]]
        if re.search(rb"(?:^|\n)\r?\n$", header):
            continue
        no_field = header and not re.search(rb"(?m)^" + FIELD, header)
        if re.match(rb"[ \t:]|" + FIELD, first) or (no_field and first.startswith(b"--")):
            yield part.ranges[1], part.ranges[1], b"\n"


def empty_parts(octets, root):
    for part, above in walk(root):
        at = part.ranges[0]
        if above and above[-1].kind == "multipart" and part.ranges == (at, at, at) and octets[at:at + 2] == b"--":
            yield at, at, b"\n"


def last_line_end(octets, root):
    last, inside = root, False
    while last.children:
        last, inside = last.children[-1], inside or last.kind == "multipart"
    if inside and not shown_as_text(octets, last) and last.ranges[2] == len(octets) and last.raw.endswith(b"\n"):
        yield len(octets), len(octets), b"\n"


def boundary_of(octets, part):
    return sent_boundary(octets[part.ranges[0]:part.ranges[1]])


def shown_as_text(octets, part):
    return part.kind == "leaf" and boundary_of(octets, part) is not None


def alike(boundary, others):
    return any(boundary + more == other or boundary == other + more for more in (b"", b"--") for other in others)


def own_boundaries(octets, root):
    """A multipart whose delimiters could be those of one around it, or end in a blank, gets a boundary of its own."""
    for number, (part, above) in enumerate(walk(root)):
        old = boundary_of(octets, part)
        others = [boundary_of(octets, up) for up in above if up.kind == "multipart"]
        if not old or not (alike(old, others) or (part.kind == "multipart" and old.endswith((b" ", b"\t")))):
            continue
        new = f"renamed-{number}-{old.hex()}".encode()
        begin, end, stop = part.ranges
        yield begin, end, re.sub(rb'(?i)(boundary\s*=\s*"?)' + re.escape(old), rb"\1" + new, octets[begin:end], count=1)
        inner = [one.ranges for one, up in walk(part) if up and alike(boundary_of(octets, one) or b"", [old])]
        for line in re.compile(rb"(?m)^--" + re.escape(old) + rb"(--)?[ \t]*\r?$").finditer(octets, end, stop):
            if not any(first <= line.start() < last for first, _, last in inner):
                yield line.start(), line.start() + 2 + len(old), b"--" + new
                if line[1]:
                    break


def lone_returns(octets, root):
    headers = [part.ranges[:2] for part, _ in walk(root)]
    boundaries = [boundary_of(octets, part) for part, _ in walk(root) if part.kind == "multipart"]
    delimiters = [b"--" + boundary + more for boundary in filter(None, boundaries) for more in (b"", b"--")]
    for found in re.finditer(rb"\r(?!\n)", octets):
        at = found.start()
        if any(begin <= at < end for begin, end in headers):
            continue
        line = octets.rfind(b"\n", 0, at) + 1
        end = octets.find(b"\n", at)
        ends_delimiter = octets[line:end if end >= 0 else None].rstrip(b" \t\r") in delimiters
        yield at, at + 1, b"" if ends_delimiter else b"\1"


PLACES = [
    ("a header without a field is none, its first line is text: docs/mime-differences.md", ends_of_header,
     b"Content-Type: message/rfc822\n\n folded\ntext\n"),
    ("a delimiter behind a delimiter ends an empty part: RFC 2046 §5.1.1, body-part", empty_parts,
     b"Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\na\n--b--\n"),
    ("the last line end is the part's where no delimiter follows: RFC 2046 §5.1.1", last_line_end,
     b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\na\n"),
    ("a delimiter within and without is the inner one's, a blank counts: docs/mime-differences.md", own_boundaries,
     b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\na\n--b--\n"
     b"--b\n\nc\n--b--\n"),
    ("a lone CR ends no line of a body: RFC 5322 §2.3", lone_returns,
     b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nc\r--b\n--b--\n"),
]


def rewritten(octets, root, chosen=None):
    """(new octets, the reasons that changed some)."""
    edits, used = [], []
    for reason, places, _ in PLACES:
        found = list(places(octets, root)) if chosen in (None, reason) else []
        edits += found
        used += [reason] if found else []
    for part, _ in walk(root):
        begin, end = part.ranges[:2]
        header = octets[begin:end]
        within = [edit for edit in edits if begin <= edit[0] and edit[1] <= end and edit[0] < end]
        edits = [edit for edit in edits if edit not in within]
        for at, stop, new in sorted(within, reverse=True):
            header = header[:at - begin] + new + header[stop - begin:]
        for reason, change, _ in HEADERS:
            new = change(part, header) if chosen in (None, reason) else header
            used += [reason] if new != header else []
            header = new
        if header != octets[begin:end]:
            edits.append((begin, end, header))
    for begin, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        octets = octets[:begin] + new + octets[end:]
    return octets, used
