#!/usr/bin/env python3
"""spf.py SUITE PROGRAM DATA: each case of the SPF test suites, its zone served by a DNS server of the test.

A case passes with any of the results that its suite allows, and with its explanation where it names one.
"""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from name_server import SERVFAIL, NameServer  # noqa: E402

SKIP = 77


def zone_of(data):
    """The suite's zone as NameServer takes it; SPF records speak for TXT where a name has none of its own."""
    zone = {}
    for name, entries in data.items():
        rows = []
        own = any(isinstance(entry, dict) and "TXT" in entry for entry in entries)
        for entry in entries:
            if entry == "TIMEOUT":
                rows.append(SERVFAIL)
                continue
            (kind, value), = entry.items()
            if value == "NONE":
                continue
            if value == "TIMEOUT":
                rows.append(SERVFAIL)
                continue
            value = tuple(value) if kind == "MX" else value
            rows.append((kind, value))
            if kind == "SPF" and not own:
                rows.append(("TXT", value))
        zone[name] = rows
    return zone


def line_of(case):
    local, at, domain = str(case["mailfrom"]).rpartition("@")
    if not case["mailfrom"]:
        domain = str(case["helo"])
    elif not at:
        local, domain = "", str(case["mailfrom"])
    return "\t".join((str(case["host"]), str(case["helo"]), local, domain))


def main():
    suite, program, data = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    file = data / f"{suite}-tests.yml"
    if not file.exists():
        print(f"skipped: {file} is not there")
        return SKIP
    import yaml
    good = bad = 0
    for scenario in yaml.safe_load_all(file.read_text(encoding="utf-8")):
        cases = scenario["tests"]
        with NameServer(zone_of(scenario["zonedata"])) as names:
            done = subprocess.run([program, f"127.0.0.1@{names.port}"], text=True, capture_output=True, timeout=120,
                                  input="".join(line_of(case) + "\n" for case in cases.values()))
        answers = done.stdout.splitlines()
        assert len(answers) == len(cases), f"{scenario['description']}: {done.stderr}"
        for (name, case), answer in zip(cases.items(), answers):
            verdict, explanation, reason = answer.split("\t")
            wanted = case["result"] if isinstance(case["result"], list) else [case["result"]]
            text = case.get("explanation")
            right = verdict in wanted and (text is None or explanation == ("" if text == "DEFAULT" else text))
            if right:
                good += 1
            else:
                bad += 1
                print(f"{scenario['description']}: {name}: {verdict} \"{explanation}\" ({reason}), "
                      f"wanted {wanted} {text!r}")
    print(f"counted: SPF cases of {suite}: {good} of {good + bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
