#!/usr/bin/env python3
"""arc_seal.py PROGRAM DATA: the set that is added to each message of the ARC signing suite, tag for tag, signatures too.

A field is compared as the suite does: tags by name, white space within values left out (folds are ours to choose).
"""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from name_server import NameServer  # noqa: E402

SKIP = 77
FIELDS = {"ARC-Seal": "AS", "ARC-Message-Signature": "AMS", "ARC-Authentication-Results": "AAR"}


def comparable(key, value):
    if key == "AAR":
        return " ".join(value.split())
    return sorted("".join(tag.split()) for tag in value.split(";") if tag.strip())


def fields_of(text):
    found = {key: "" for key in FIELDS.values()}
    for line in text.replace("\r\n\t", " ").replace("\r\n ", " ").splitlines():
        name, _, value = line.partition(":")
        found[FIELDS[name]] = value
    return found


def main():
    program, data = sys.argv[1], pathlib.Path(sys.argv[2])
    file = data / "arc-draft-sign-tests.yml"
    if not file.exists():
        print(f"skipped: {file} is not there")
        return SKIP
    import yaml
    good = bad = 0
    for scenario in yaml.safe_load_all(file.read_text(encoding="utf-8")):
        zone = {name: [("TXT", text)] for name, text in scenario["txt-records"].items()}
        with tempfile.TemporaryDirectory() as folder, NameServer(zone) as names:
            key = pathlib.Path(folder, "key.pem")
            key.write_text(scenario["privatekey"], encoding="utf-8")
            servers = {case["srv-id"] for case in scenario["tests"].values()}
            assert len(servers) == 1, "the suite has one server a scenario"
            words = []
            for name, case in scenario["tests"].items():
                path = pathlib.Path(folder, name)
                path.write_bytes(case["message"].encode("utf-8").replace(b"\n", b"\r\n"))
                words += [str(case["t"]), case["sig-headers"], path]
            done = subprocess.run([program, f"127.0.0.1@{names.port}", key, scenario["domain"], scenario["sel"],
                                   servers.pop(), *words], capture_output=True, timeout=120)
        answers = done.stdout.decode("utf-8").split("\0")[:-1]
        assert len(answers) == len(scenario["tests"]), f"{scenario['description']}: {done.stderr}"
        for (name, case), answer in zip(scenario["tests"].items(), answers):
            found = fields_of(answer)
            wrong = [key for key in FIELDS.values() if comparable(key, found[key]) != comparable(key, case[key])]
            good += not wrong
            bad += bool(wrong)
            for key in wrong:
                print(f"{scenario['description']}: {name}: {key} is\n  {comparable(key, found[key])}\nwanted\n  "
                      f"{comparable(key, case[key])}")
    print(f"counted: ARC sets sealed: {good} of {good + bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
