"""Values as docs/mime-differences.md has them: parameters that are not well-formed, octets in a faulty encoding."""

import base64
import re


def without_comments(value):
    out, depth, quoted, i = bytearray(), 0, False, 0
    while i < len(value):
        c = value[i:i + 1]
        step = 2 if c == b"\\" and (quoted or depth) else 1
        if c == b'"' and not depth and (quoted or out.rstrip().endswith(b"=")):
            quoted = not quoted
        depth += c == b"(" and not quoted
        if not depth:
            out += value[i:i + step]
        if c == b")" and not quoted and depth:
            depth -= 1
            out += b"" if depth else b" "
        i += step
    return bytes(out)


def parameters_in(value):
    """[(name, value)] of what stands behind a type, comments gone."""
    found, at = [], 0
    name = re.compile(rb"[\s;]*([^\s=;\"\0]*)\s*(=?)\s*")
    while at < len(value):
        m = name.match(value, at)
        at = m.end()
        if not m[2]:
            at += not m[1]  # a stray quote
            continue
        if value[at:at + 1] == b'"':
            quoted = re.compile(rb'(?s)"((?:[^"\\]|\\.)*\\?)(?:"|$)').match(value, at)
            text, at = re.sub(rb"(?s)\\(.)", rb"\1", quoted[1]), quoted.end()
        else:
            bare = re.compile(rb"[^;\r\n]*").match(value, at)
            text, at = bare[0].strip(), bare.end()
        if m[1]:
            found.append((m[1], re.sub(rb"[\r\n\0]", b"", text)))
    return found


def in_good_pieces(parameters):
    """RFC 2231 §3: pieces are numbered from 0, without a gap; the first of a number counts, and before a plain value.
    §4: the first one tells the charset; if it is not all there, none."""
    form = re.compile(rb"(?s)(.*?)(?:(\*)(?:(\d{1,9})(\*?))?)?")
    pieces = [(form.fullmatch(name.lower()).groups(), name, value) for name, value in parameters]
    keys = [(base, int(digits or 0) if star else None) for (base, star, digits, _), _, _ in pieces]
    for number, ((base, _, digits, encoded), name, value) in enumerate(pieces):
        count = keys[number][1]
        if b"*" in base:
            continue
        if count is None:
            if (base, 0) not in keys and (base, None) not in keys[:number]:
                yield name, value
        elif keys.index((base, count)) == number and all((base, at) in keys for at in range(min(count, 100))):
            if count == 0 and (digits is None or encoded):
                name = base + (b"*0*" if (base, 1) in keys else b"*")
                value = value if value.count(b"'") > 1 else b"''" + value
            yield name, value


def plainly(kind, parameters):
    quoted = (b"; " + name + b'="' + re.sub(rb'(["\\])', rb"\\\1", value) + b'"'
              for name, value in in_good_pieces(parameters))
    return kind + b"".join(quoted)


def without_renames(octets):
    """Undoes what mime_rewrites.own_boundaries() does."""
    return re.sub(rb"renamed-\d+-([0-9a-f]+)", lambda m: bytes.fromhex(m[1].decode()), octets)


def from_base64(body):
    """What is not of the alphabet is passed over, and "=" ends a group."""
    import base64
    digits = re.sub(rb"[^A-Za-z0-9+/=]", b"", body)
    groups = (group[:len(group) - (len(group) % 4 == 1)] for group in re.split(rb"=+", digits))
    return b"".join(base64.b64decode(group + b"=" * (-len(group) % 4)) for group in groups)


def from_quoted_printable(body):
    """White space at a line's end is not the author's, a line that ends in "=" goes on: RFC 2045 §6.7 (3), (5)."""
    lines = re.sub(rb"[ \t\r]*?(\r?\n)|[ \t\r]*[ \t]\Z", rb"\1", body)
    return re.sub(rb"=(\r?\n|\r*\Z|[0-9A-Fa-f]{2})", lambda m: bytes.fromhex(m[1].decode().strip()), lines)


DECODERS = {"base64": from_base64, "quoted-printable": from_quoted_printable}


def decoded(encoding, body):
    """By the encoding's first word, in any case, without what stands around it; None if that is not known here."""
    word = re.search(r"[a-z0-9][a-z0-9-]*", without_comments(encoding.encode()).decode().lower())
    if word and word[0] in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return None
    return DECODERS.get(word[0] if word else "", bytes)(body)
