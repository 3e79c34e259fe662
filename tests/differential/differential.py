#!/usr/bin/env python3
"""Dates and address lists: what proto/mime makes of them against what Python's email package makes of them.

Inputs come from the grammar of RFC 5322 with its obsolete forms, by seed, and from mutations of them. Where both may
differ, and which of the two we mean, is listed in DIFFERENCES with a reason; any other difference fails.

    differential.py PROGRAM [SEED]
"""

import email.utils
import random
import re
import subprocess
import sys

CASES = 20_000
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
ZONES = "EDT EST CDT CST MDT MST PDT PST GMT UT UTC".split()
ATEXT = "abcdefgXYZ019!#$%&'*+-/=?^_`{|}~"


def blanks(r):
    return r.choice(["", "", " ", "  ", "\r\n ", "\t", " (a) ", " (a (b) c)\r\n "])


def date(r):
    """date-time of RFC 5322 §3.3 and §4.3: (text, whether it stays with the grammar)."""
    day, month, year = r.randint(1, 28), r.choice(MONTHS), r.choice([r.randint(1970, 2037), r.randint(0, 99)])
    weekday = r.choice(["", f"{r.choice(DAYS)},{blanks(r) or ' '}"])
    seconds = r.choice(["", f":{r.randint(0, 59):02}"])
    zone = r.choice([r.choice(["+", "-"]) + f"{r.randint(0, 12):02}{r.choice(['00', '30', '45'])}", r.choice(ZONES)])
    tail = r.choice(["", " (CET)", "\r\n (a comment)"])
    return (f"{weekday}{r.choice([f'{day}', f'{day:02}'])} {month} {year:02} "
            f"{r.randint(0, 23):02}:{r.randint(0, 59):02}{seconds} {zone}{tail}")


def atom(r):
    return "".join(r.choice(ATEXT) for _ in range(r.randint(1, 8)))


def quoted(r):
    return '"' + "".join(r.choice(["a", "Z", " ", "@", ",", ";", ":", "<", "(", "\\\"", "\\\\", "."])
                         for _ in range(r.randint(1, 8))) + '"'


def local_part(r):
    return r.choice([atom(r), ".".join(atom(r) for _ in range(r.randint(2, 3))), quoted(r)])


def domain(r):
    return r.choice([".".join(re.sub(r"\W", "x", atom(r)) for _ in range(r.randint(1, 3))), "[192.0.2.1]"])


def phrase(r):
    return " ".join(r.choice([re.sub(r"[=?]", "x", atom(r)), quoted(r)]) for _ in range(r.randint(1, 3)))


def mailbox(r):
    spec = f"{local_part(r)}@{domain(r)}"
    return r.choice([spec, f"<{spec}>", f"{phrase(r)}{blanks(r) or ' '}<{spec}>"])


def address_list(r):
    members = []
    for _ in range(r.randint(1, 4)):
        group = f"{phrase(r)}:{blanks(r)}{', '.join(mailbox(r) for _ in range(r.randint(0, 2)))};"
        members.append(r.choice([mailbox(r), mailbox(r), mailbox(r), group]))
    return ("," + (blanks(r) or " ")).join(members)


def mutated(r, text):
    """One or two octets changed, dropped or said twice."""
    for _ in range(r.randint(1, 2)):
        at = r.randrange(len(text))
        text = r.choice([text[:at] + text[at + 1:], text[:at] + text[at] + text[at:],
                         text[:at] + r.choice("a0 ,;:<>@()\"\\+-") + text[at + 1:]]) or "x"
    return text


def python_date(text):
    parsed = email.utils.parsedate_tz(text)
    if parsed is None:
        return "-"
    try:
        return f"{email.utils.mktime_tz(parsed)} {(parsed[9] or 0) // 60}"
    except (OverflowError, ValueError):
        return "-"


# Later versions, and Debian's 3.11.2, give nothing for what may be read in two ways (CVE-2023-27043), nor for any
# address with a domain literal: unless asked not to.
LENIENT = {"strict": False} if getattr(email.utils, "supports_strict_parsing", False) else {}


def python_specs(text):
    return sorted(spec for _, spec in email.utils.getaddresses([text], **LENIENT) if "@" in spec)


def bare(local):
    """A local part as a value: Python keeps its quotes, and blanks that it need not."""
    if local.startswith('"') and local.endswith('"') and len(local) > 1:
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return local


def our_specs(line):
    out = []
    for word in line.split():
        _, local, host = (bytes.fromhex(part).decode("utf-8", "replace") for part in word.split(":"))
        if host:
            out.append((local, host))
    return sorted(out)


def python_pairs(text):
    pairs = []
    for spec in python_specs(text):
        local, _, host = spec.rpartition("@")
        pairs.append((bare(local), host))
    return sorted(pairs)


# Texts of the grammar that both read otherwise, and the reason; anything else there fails. What is not of the grammar
# both guess at, and no rule says how far: those are counted.
DIFFERENCES = [
    ("a year of two digits from 50 to 68 is 19xx: RFC 5322 §4.3; Python follows POSIX",
     lambda kind, text: kind == "d" and re.search(r"(?:^|[ \t)])(?:5\d|6[0-8]) \d\d:", text)),
    ("a comment behind the day of the week: RFC 5322 §3.3, CFWS; Python gives up",
     lambda kind, text: kind == "d" and re.match(r"\w+,\s*\(", text)),
]


def ask(program, lines):
    done = subprocess.run([program], input="".join(line + "\n" for line in lines), capture_output=True, text=True,
                          check=True, timeout=60)
    answers = done.stdout.split("\n")[:-1]
    assert len(answers) == len(lines)
    return answers


def main():
    program, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2026
    r = random.Random(seed)
    texts, failures, guesses, used = [], [], 0, set()
    for i in range(CASES):
        kind = "d" if i % 2 else "a"
        text = date(r) if kind == "d" else address_list(r)
        sound = i % 4 < 2
        texts.append((kind, text if sound else mutated(r, text), sound))
    answers = ask(program, [f"{kind} {text.encode().hex()}" for kind, text, _ in texts])
    for (kind, text, sound), answer in zip(texts, answers):
        ours, theirs = (answer, python_date(text)) if kind == "d" else (our_specs(answer), python_pairs(text))
        if ours == theirs:
            continue
        known = next((number for number, (_, holds) in enumerate(DIFFERENCES) if holds(kind, text)), None)
        if sound and known is not None:
            used.add(known)
        elif sound:
            failures.append((text, ours, theirs))
        else:
            guesses += 1
    for text, ours, theirs in failures[:20]:
        print(f"{text!r}\n  ours   {ours}\n  Python {theirs}")
    print(f"seed {seed}: {CASES} texts, {len(failures)} of the grammar differ, {guesses} of {CASES // 2} mutated ones")
    assert not failures
    assert len(used) == len(DIFFERENCES), "a difference in the list is none any more"
    assert guesses < CASES // 5, "most mutated texts are read alike"


if __name__ == "__main__":
    main()
