#!/usr/bin/env python3
"""The manual pages in packaging/man are what the program prints, name every command and key, and are good roff."""

import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from server import PROGRAM  # noqa: E402

PAGES = {"heliopost": "heliopost.8", "heliopost.toml": "heliopost.toml.5"}


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


def main():
    for page, name in PAGES.items():
        file = ROOT / "packaging/man" / name
        printed = run(PROGRAM, "man", page)
        assert printed.returncode == 0, printed.stderr
        assert printed.stdout == file.read_text(), (
            f"{file} is out of date: {PROGRAM} man {page} >packaging/man/{name}")
        for checker in ["mandoc", "-T", "lint", "-W", "style"], ["groff", "-man", "-ww", "-Tutf8", "-Z"]:
            if shutil.which(checker[0]) is None:
                print(f"  (no {checker[0]} here, left out)")
                continue
            done = run(*checker, file)
            complaints = done.stderr + (done.stdout if checker[0] == "mandoc" else "")
            assert done.returncode == 0 and not complaints, f"{checker[0]}: {complaints}"
    assert run(PROGRAM, "man").stdout == run(PROGRAM, "man", "heliopost").stdout
    assert run(PROGRAM, "man", "absent").returncode == 64

    text = (ROOT / "packaging/man/heliopost.8").read_text().replace("\\-", "-")
    for command in "serve", "check-config", "fsck", "account add", "queue retry", "cert install", "completion bash":
        assert f"\\fBheliopost {command}\\fR" in text, command
    text = (ROOT / "packaging/man/heliopost.toml.5").read_text()
    for option in json.loads(run(PROGRAM, "--json", "options").stdout):
        section, key = option["key"].split(".")
        assert f".SS [{section}]" in text and f"\\fB{key}\\fR (" in text, option
    print("manual: done")


if __name__ == "__main__":
    main()
