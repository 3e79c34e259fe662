"""A message as a tree of parts: as mail_text tells it, and as Python's email package reads it.

Python has two readers of header fields, the older one of email.message and the newer one of email.headerregistry. We
are to agree with one of them; neither keeps all of RFC 2045, 2047 and 2231.
"""

import base64
import codecs
import dataclasses
import email
import email.errors
import email.header
import email.message
import email.policy
import email.utils
import re
import urllib.parse

import mime_values

REGISTRY = email.policy.default.header_factory
# What senders mean by these names: docs/mime-differences.md, https://encoding.spec.whatwg.org/#names-and-labels
SUPERSETS = {"iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030",
             "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "shift_jis": "cp932", "iso-8859-9": "cp1254"}
GUESSED = ("", "us-ascii", "ascii", "unknown-8bit")
# In the newer reader, for some malformed values.
GIVES_UP = (IndexError, AttributeError, ValueError, TypeError, email.errors.HeaderParseError, LookupError)


@dataclasses.dataclass
class Part:
    kind: str  # leaf, multipart, message
    type: str
    raw: bytes = b""  # of a leaf: its body as it stands
    decoded: bytes = b""
    encoding: str = ""
    # Of each, the readings: ours has one.
    parameters: tuple = ({},)
    disposition: tuple = ({},)
    file_name: tuple = (None,)
    subject: tuple = (None,)
    children: list = dataclasses.field(default_factory=list)
    ranges: tuple = (0, 0, 0)  # ours: where the header and the body begin, and where the body ends
    hollow: bool = False  # Python's: a multipart in which it found no part


def plain(octets):
    """Octets of no charset: UTF-8, else windows-1252."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(bytes([octet]).decode("cp1252", "ignore") or chr(octet) for octet in octets)


def decoded_as(charset, octets):
    """As docs/mime-differences.md has it; one U+FFFD for what is ill-formed, however much."""
    charset = (charset or "").lower().partition("*")[0]
    if charset == "utf-16" and octets[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        charset = "utf-16-be"  # RFC 2781 §4.3
    try:
        codec = codecs.lookup(SUPERSETS.get(charset, charset)).name if charset not in GUESSED else None
    except LookupError:
        codec = None
    return one_replacement(octets.decode(codec, "replace") if codec else plain(octets))


def one_replacement(text):
    return text and re.sub("\ufffd+", "\ufffd", text)


def text(hex_or_none):
    return None if hex_or_none is None else one_replacement(plain(bytes.fromhex(hex_or_none)))


def ours(told, octets):
    """From the JSON of mail_text."""
    def pairs(found):
        return {text(name): text(value) for name, value in found.items()}
    part = Part(told["kind"], text(told["type"]), ranges=tuple(told["ranges"]), encoding=text(told["encoding"]),
                file_name=(text(told["file_name"]),), parameters=(pairs(told["parameters"]),),
                disposition=(pairs(told["disposition"]),), subject=(text(told["subject"]),))
    if part.kind == "leaf":
        part.raw = octets[part.ranges[1]:part.ranges[2]]
        part.decoded = bytes.fromhex(told["decoded"])
    part.children = [ours(child, octets) for child in told["children"]]
    return part


def fields_of(message):
    """The first of each name, unfolded, as text."""
    found = {}
    for name, value in message.raw_items():
        value = re.sub(r"[\r\n\0]", "", str(value))
        found.setdefault(name.lower(), plain(value.encode("utf-8", "surrogateescape")).strip(" \t"))
    return found


def old_reader(name, value):
    message = email.message.Message()
    message._headers.append((name, value))
    return message


def new_reader(name, value):
    """None where it gives up."""
    try:
        return REGISTRY(name, value)
    except GIVES_UP:
        return None


def words_decoded(value):
    """RFC 2047 without any rule of where a word may stand; one without a charset is none (§2)."""
    try:
        pieces = email.header.decode_header(value.replace("=??", "=\0??"))
    except (email.errors.HeaderParseError, ValueError):
        return None
    whole = "".join(piece if isinstance(piece, str) else
                    piece.decode("raw-unicode-escape") if charset is None else decoded_as(charset, piece)
                    for piece, charset in pieces)
    return whole.replace("=\0??", "=??")


def pairs_of(name, value):
    try:
        return (old_reader(name, value).get_params(header=name) or [])[1:]
    except GIVES_UP:
        return []


def parameters_of(name, value):
    if value is None:
        return ({},)
    old, words = {}, {}
    for key, given in pairs_of(name, value):
        base, star, piece = key.partition("*")
        if star and not isinstance(given, tuple) and not re.fullmatch(r"(0\*?)?", piece):
            continue
        if star and piece != "0" and not isinstance(given, tuple):  # its name is no word of Python's
            given = email.utils.decode_rfc2231(email.utils.unquote(given))
            given = (given[0], given[1], urllib.parse.unquote(given[2], "latin-1"))
        if isinstance(given, tuple):  # RFC 2231
            given = decoded_as(given[0], given[2].encode("latin-1", "replace"))
        old.setdefault(base.lower(), given)
    for key, given in old.items():
        words[key] = words_decoded(mended(given)) or given  # RFC 2047 §5 forbids them here, senders write them
    new = new_reader(name, value)
    readings = [old, words] + ([dict(new.params)] if new is not None else [])
    for reading in readings:
        if "boundary" in reading:
            reading["boundary"] = plain(mime_values.without_renames(reading["boundary"].encode()))
    return tuple({key.lower(): one_replacement(given) for key, given in reading.items()} for reading in readings)


def mended(value):
    """Its base64 words as docs/mime-differences.md reads them: what is not of base64 is passed over."""
    def mend(m):
        octets = mime_values.from_base64(m[2].encode("utf-8"))
        return f"{m[1]}{base64.b64encode(octets).decode()}?="
    return re.sub(r"(=\?[^?]+\?[bB]\?)((?:(?!=\?[^=]).)*?)\?=", mend, value)


def subject_of(value):
    if value is None:
        return (None,)
    new = new_reader("subject", value)
    return (words_decoded(value), words_decoded(mended(value)), None if new is None else one_replacement(str(new)))


def theirs(message, is_root=True):
    fields = fields_of(message)
    kind, given, hollow = message.get_content_type(), fields.get("content-type"), False
    if given is not None and not given.isascii():
        kind = old_reader("content-type", given).get_content_type()
    parameters = parameters_of("content-type", given)
    disposition = parameters_of("content-disposition", fields.get("content-disposition"))
    if not message.is_multipart() and message.get_content_maintype() == "multipart":
        # Without a part it is shown as text: docs/mime-differences.md
        kind, hollow = "text/plain", True
        parameters = tuple({key: value for key, value in reading.items() if key.startswith("name")}
                           for reading in parameters)
    part = Part("leaf", kind, parameters=parameters, disposition=disposition, hollow=hollow,
                encoding=str(message.get("content-transfer-encoding", "")),
                subject=subject_of(fields.get("subject")) if is_root else (None,),
                file_name=tuple(a.get("filename", b.get("name")) for a in disposition for b in parameters))
    if message.is_multipart():
        part.kind = "multipart" if message.get_content_maintype() == "multipart" else "message"
        part.children = [theirs(child, part.kind == "message") for child in message.get_payload()]
    else:
        part.raw = mime_values.without_renames(message._payload.encode("utf-8", "surrogateescape"))
        part.decoded = mime_values.without_renames(message.get_payload(decode=True))
    return part


def python_reads(octets):
    return theirs(email.message_from_bytes(octets))
