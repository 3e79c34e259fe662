#!/usr/bin/env python3
"""MIME structure: what proto/mime finds in a message against what Python's email package finds.

Messages are made by seed from the grammar of RFC 2045 to 2047, 2183 and 2231, and changed line by line; real ones and
the vectors of the tests are read where they are installed. Compared are the tree of parts, their types, the octets of
each leaf as they stand and decoded, parameters, file names and subjects. Where both may differ, and which of the two
we mean, is in mime_rewrites.py and in EXPLAINED; any other difference fails.

    mime.py PROGRAM [--seed N] [--made N] [--changed N] [--every N] [--show]
"""

import argparse
import collections
import json
import random
import re
import subprocess
import sys

import mime_messages
import mime_parts
import mime_values
from mime_rewrites import HEADERS, PLACES, other_message_type, rewritten, walk

CONTROLS = 60  # messages of which ours is turned
SHOWN = 20  # failures
FAULTY_QUOTED = re.compile(rb"[ \t](?:\r?\n|$)|=(?![0-9A-Fa-f]{2}|\r?\n)")
BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
NOTED = ("file_name", "parameters", "disposition", "subject")


def ask(program, messages):
    told = subprocess.run([program], input="".join(f"m {octets.hex()}\n" for octets in messages).encode(),
                          capture_output=True, check=True, timeout=300).stdout.split(b"\n")[:-1]
    assert len(told) == len(messages)
    return [mime_parts.ours(json.loads(line), octets) for line, octets in zip(told, messages)]


# A leaf that Python decodes otherwise: ours is then to be as mime_values.decoded() has it. Each gets both parts.
EXPLAINED = [
    ("an encoding with blanks, comments or more around it; Python leaves those octets encoded",
     lambda our, their: not re.fullmatch(r"(?:\w[\w-]*)?", their.encoding),
     b"Content-Transfer-Encoding: base64 (c)\n\nYQ==\n"),
    ("quoted-printable: blanks at a line's end are not the author's, RFC 2045 §6.7 (3); Python keeps them",
     lambda our, their: "quoted" in our.encoding.lower() and FAULTY_QUOTED.search(our.raw),
     b"Content-Transfer-Encoding: quoted-printable\n\na \nb\n"),
    ("base64: what is not of it is passed over, RFC 2045 §6.8; Python stops there, or gives it undecoded",
     lambda our, their: "base64" in our.encoding.lower() and not BASE64.fullmatch(re.sub(rb"\s", b"", our.raw)),
     b"Content-Transfer-Encoding: base64\n\nYQ==\nYg==\n"),
]


def without_lone_returns(octets):
    return re.sub(rb"\r(?!\n)", b"\1", octets)  # mime_rewrites.py does so


def same_body(our, their):
    """Where a multipart has no part, Python keeps the line end that belongs to the delimiter around it (RFC 2046
    §5.1.1)."""
    ours, theirs = without_lone_returns(our.raw), without_lone_returns(their.raw)
    return theirs == ours or (their.hollow and theirs in (ours + b"\n", ours + b"\r\n"))


def differences(our, their, used, path="0"):
    """(where, what, ours, Python's); notes in `used` which of EXPLAINED it needed."""
    types = [other_message_type(part.type) if part.kind == "leaf" else part.type for part in (our, their)]
    types = [kind.replace('"', "_") for kind in types]  # mime_rewrites.py, too: no type may have quotes
    if types[0] != types[1] or (our.kind, len(our.children)) != (their.kind, len(their.children)):
        yield path, "tree", (our.kind, our.type, len(our.children)), (their.kind, their.type, len(their.children))
        return
    if our.kind == "leaf" and not same_body(our, their):
        yield path, "body", our.raw, their.raw
    elif our.kind == "leaf" and without_lone_returns(our.decoded) != without_lone_returns(their.decoded):
        known = [reason for reason, holds, _ in EXPLAINED if holds(our, their)]
        partial = our.raw != their.raw
        if (known or partial) and our.decoded == mime_values.decoded(our.encoding, our.raw):
            used += known[:1]
        else:
            yield path, "decoded", our.decoded, their.decoded
    for name in NOTED:
        have, readings = getattr(our, name)[0], getattr(their, name)
        if have not in readings:
            yield path, name, have, readings
    for number, (ours, theirs) in enumerate(zip(our.children, their.children)):
        yield from differences(ours, theirs, used, f"{path}.{number}")


def judge(octets, our, chosen=None):
    """(what differs, the reasons that were needed)."""
    used = []
    found = list(differences(our, mime_parts.python_reads(octets), used))
    changed, reasons = rewritten(octets, our, chosen) if found else (octets, [])
    if changed != octets:
        used = reasons
        found = list(differences(our, mime_parts.python_reads(changed), used))
    return found, used


def shrunk(program, octets, what):
    """Fewer lines that still differ in `what`."""
    while True:
        lines = re.findall(rb"[^\n]*\n|[^\n]+", octets)
        step = max(1, len(lines) // 30)
        fewer = [b"".join(lines[:at] + lines[at + step:]) for at in range(0, len(lines), step)]
        still = (one for one, our in zip(fewer, ask(program, fewer)) if what in [d[1] for d in judge(one, our)[0]])
        smaller = next(still, None)
        if smaller is None:
            return octets
        octets = smaller


def check_reasons(program):
    """Each reason's example differs without it and with it does not; nothing else is needed there."""
    for reason, _, example in HEADERS + PLACES:
        our = ask(program, [example])[0]
        assert list(differences(our, mime_parts.python_reads(example), [])), f"no longer a difference: {reason}"
        found, used = judge(example, our, reason)
        assert not found and used == [reason], f"not explained: {reason}: {found}"
    for reason, _, example in EXPLAINED:
        assert judge(example, ask(program, [example])[0]) == ([], [reason]), reason


def spoilt(part, r):
    """The negative control: one thing of ours turned."""
    while part.children and r.randrange(3):
        part = r.choice(part.children)
    what = r.choice(["kind", "child", "body", "decoded", "file_name", "parameters", "disposition", "subject", "type"])
    if what == "kind" or (what == "child" and not part.children):
        part.kind = "message" if part.kind != "message" else "leaf"
    elif what == "child":
        part.children.pop(r.randrange(len(part.children)))
    elif what in ("body", "decoded") and part.kind == "leaf":
        part.raw, part.decoded = part.raw + b"a" * (what == "body"), part.decoded + b"a"
    elif what in ("parameters", "disposition"):
        setattr(part, what, (getattr(part, what)[0] | {"more": "a"},))
    elif what in ("file_name", "subject"):
        setattr(part, what, ("turned " + (getattr(part, what)[0] or ""),))
    else:
        part.type = "turned/" + part.type


def check_control(program, r):
    messages = [mime_messages.changed(r, mime_messages.made(r)) for _ in range(CONTROLS)]
    for octets, our in zip(messages, ask(program, messages)):
        spoilt(our, r)
        assert judge(octets, our)[0], f"passes although ours is turned: {octets!r}"


def run(program, kind, messages, show):
    reasons, failures, parts = collections.Counter(), [], 0
    for (name, octets), our in zip(messages, ask(program, [octets for _, octets in messages])):
        found, used = judge(octets, our)
        reasons.update(set(used))
        failures += [(name, octets, found)] if found else []
        parts += sum(1 for _ in walk(our))
    for name, octets, found in failures[:SHOWN]:
        less = shrunk(program, octets, found[0][1])
        where, what, ours, theirs = judge(less, ask(program, [less])[0])[0][0]
        print(f"{name}: part {where}, {what}\n  ours   {ours!r:.300}\n  Python {theirs!r:.300}\n  {less!r:.900}")
    print(f"{kind}: {len(messages)} messages, {parts} parts, {len(failures)} differ")
    for reason, count in sorted(reasons.items()) if show else []:
        print(f"  {count:6} {reason}")
    return len(failures)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    for name, default in (("seed", 2026), ("made", 300), ("changed", 600), ("every", 25)):
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--show", action="store_true", help="which differences were explained, and how often")
    options = options.parse_args()
    r = random.Random(options.seed)
    check_reasons(options.program)
    made = [(f"made {n}", mime_messages.made(r)) for n in range(options.made)]
    changed = [(f"changed {n}", mime_messages.changed(r, mime_messages.made(r))) for n in range(options.changed)]
    read = [("made", made), ("changed", changed), ("real", list(mime_messages.real())[::options.every]),
            ("vectors", list(mime_messages.vectors()))]
    for kind, messages in read:
        if not messages:
            print(f"{kind}: not installed, skipped")
    failed = sum(run(options.program, kind, messages, options.show) for kind, messages in read if messages)
    check_control(options.program, r)
    print(f"seed {options.seed}: {failed} differ; all {CONTROLS} of the negative control do")
    assert failed == 0


if __name__ == "__main__":
    main()
