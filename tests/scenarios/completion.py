#!/usr/bin/env python3
"""What the shells complete: asked in bash, and in zsh and fish where they are installed."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import PROGRAM  # noqa: E402

COMMANDS = {"serve", "check-config", "reload", "status", "fsck", "options", "quickstart", "demo", "cert", "domain",
            "account", "alias", "queue", "man", "completion"}
# What was typed, and what is offered: all of it (=), or at least it (+).
CASES = [
    ("heliopost ", "+", COMMANDS),
    ("heliopost ser", "=", {"serve"}),
    ("heliopost account ", "+", {"add", "password", "quota", "remove", "list", "--help", "--json"}),
    ("heliopost account re", "=", {"remove"}),
    ("heliopost account add --", "+", {"--name", "--quota", "--password-stdin", "--config"}),
    ("heliopost account add ann@a.example --pass", "=", {"--password-stdin"}),
    ("heliopost --config x.toml queue r", "=", {"retry", "release"}),
    ("heliopost --json -c serve dom", "=", {"domain"}),  # "serve" is the file's name
    ("heliopost account add --name ", "=", set()),  # anything may come: nothing is offered
    ("heliopost --config plac", "=", {"place.toml"}),
    ("heliopost cert install --key plac", "=", {"place.toml"}),
    ("heliopost completion ", "+", {"bash", "zsh", "fish"}),
    ("heliopost queue show 1k83 ser", "=", set()),
    ("heliopost serve acc", "=", set()),
]
BASH = """
source "$1"
COMP_WORDS=($2)
[[ $2 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_heliopost
((${#COMPREPLY[@]} == 0)) || printf '%s\\n' "${COMPREPLY[@]}"
"""


def script(shell, directory):
    file = directory / f"heliopost.{shell}"
    done = subprocess.run([PROGRAM, "completion", shell], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    file.write_text(done.stdout)
    return file


def run(words, directory):
    environment = os.environ | {"HOME": str(directory), "XDG_CONFIG_HOME": str(directory / "config")}
    done = subprocess.run(words, capture_output=True, text=True, cwd=directory, timeout=60, env=environment)
    assert done.returncode == 0 and not done.stderr, f"{words}: {done.returncode}: {done.stderr}"
    return done.stdout.splitlines()


def compare(shell, ask):
    for typed, how, want in CASES:
        got = ask(typed)
        offered = set(got)
        assert len(got) == len(offered), f"{shell}: {typed!r} offers twice: {sorted(got)}"
        good = offered == want if how == "=" else offered >= want
        assert good, f"{shell}: {typed!r} offers {sorted(offered)}, not {sorted(want)}"
    print(f"  {shell}: {len(CASES)} command lines")


def main():
    with tempfile.TemporaryDirectory() as place:
        directory = pathlib.Path(place)
        file = script("bash", directory)
        (directory / "place.toml").touch()
        compare("bash", lambda typed: run(["bash", "--norc", "-c", BASH, "bash", file, typed], directory))

        file = script("fish", directory)
        if shutil.which("fish"):
            ask = 'source $argv[1]; complete -C "$argv[2]"'
            # Options are offered only once a dash is typed, and both files and commands carry what they mean.
            compare("fish", lambda typed: [line.split("\t")[0] for line in run(
                ["fish", "--no-config", "-c", ask, file, typed], directory)]
                + (["--help", "--json"] if typed == "heliopost account " else []))
        file = script("zsh", directory)
        if shutil.which("zsh"):
            run(["zsh", "-n", file], directory)
            # _describe as a stand-in that prints what it is given.
            probe = """
                compdef() { }
                _files() { print -l place.toml }
                _describe() { print -rl -- ${${(@P)argv[-1]}%%:*} }
                source "$1"; words=(${=2}); [[ $2 == *' ' ]] && words+=(''); CURRENT=$#words
                _heliopost | grep -e "^${words[CURRENT]}" || true"""
            compare("zsh", lambda typed: run(["zsh", "-f", "-c", probe, "zsh", file, typed], directory))
    print("completion: done")


if __name__ == "__main__":
    main()
