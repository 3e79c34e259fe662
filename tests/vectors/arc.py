#!/usr/bin/env python3
"""arc.py PROGRAM DATA: the verdict on each chain of the ARC test suite, its keys served by a DNS server of the test."""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from name_server import NameServer  # noqa: E402

SKIP = 77


def main():
    program, data = sys.argv[1], pathlib.Path(sys.argv[2])
    file = data / "arc-draft-validation-tests.yml"
    if not file.exists():
        print(f"skipped: {file} is not there")
        return SKIP
    import yaml
    good = bad = 0
    for scenario in yaml.safe_load_all(file.read_text(encoding="utf-8")):
        zone = {name: [("TXT", text)] for name, text in scenario["txt-records"].items()}
        with tempfile.TemporaryDirectory() as folder, NameServer(zone) as names:
            files = []
            for name, case in scenario["tests"].items():
                path = pathlib.Path(folder, name)
                path.write_bytes(case["message"].encode("utf-8").replace(b"\n", b"\r\n"))
                files.append(path)
            done = subprocess.run([program, f"127.0.0.1@{names.port}", *files], text=True, capture_output=True,
                                  timeout=120)
        answers = done.stdout.splitlines()
        assert len(answers) == len(files), f"{scenario['description']}: {done.stderr}"
        for (name, case), answer in zip(scenario["tests"].items(), answers):
            verdict, reason = answer.split("\t")
            wanted = (case["cv"] or "fail").lower()  # left empty: RFC 8617 §5.2 makes it a fail
            good += verdict == wanted
            if verdict != wanted:
                bad += 1
                print(f"{scenario['description']}: {name}: {verdict} ({reason}), wanted {wanted}: "
                      f"{case['description']}")
    print(f"counted: ARC chains verified: {good} of {good + bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
