#!/usr/bin/env python3
"""Restores that fail midway, and again: nothing of the first is in the way of the second.

A key that lies in one file with its certificate stays closed. What root restores is the server's, however it ends.
"""

import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import PASSWORD, PROGRAM, make_certificate  # noqa: E402

ANN = "ann@a.example"


def words(run, vault):
    """What is empty, as an unset variable of a script, is no word: no clear backup, and nobody's whole mail."""
    clear = vault.with_name("clear")
    account = "restore", vault, "--account"
    for line in (("backup", clear, "--encrypt-to", ""), ("backup", clear, "--key", ""), ("backup", ""),
                 ("backup", clear, "--new-key", ""), ("backup", vault, "--list", "--verify"),
                 (*account, ""), (*account, ANN, "--mailbox", ""), (*account, ANN, "--mailbox", "INBOX", "--uid", "0"),
                 (*account, ANN, "--message-id", ""), (*account, ANN, "--message-id", " <> "),
                 ("restore", vault, "--at", ""), ("restore", vault, "--key", "")):
        done = run(*line)
        assert done.returncode == 64, f"{line}: {done.returncode} {done.stdout}{done.stderr}"
    assert not clear.exists()


def main():
    place = pathlib.Path(tempfile.mkdtemp(prefix="heliopost-test."))
    place.chmod(0o755)
    root = os.geteuid() == 0
    config, store, vault, both = place / "own.toml", place / "store", place / "vault", place / "tls/both.pem"

    def write_config(user):
        config.write_text(f"""
[server]
host_name = "mx.a.example"
data_directory = "{store}"
admin_socket = "{place}/none.sock"
disk_reserve = 1
{f'user = "{user}"' if root else ''}
[tls]
certificates = [{{ certificate = "{both}", key = "{both}" }}]
""")

    def run(*words, **options):
        return subprocess.run([PROGRAM, "--config", config, *words], capture_output=True, text=True, timeout=60,
                              **options)

    def good(*words, **options):
        done = run(*words, **options)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"

    def all_of_server():
        owner = pwd.getpwnam("nobody").pw_uid if root else os.geteuid()
        wrong = [path for path in (store, *store.rglob("*")) if path.lstat().st_uid != owner]
        assert not wrong, f"not the server's: {wrong}"

    try:
        both.parent.mkdir()
        both.write_bytes(b"".join(file.read_bytes() for file in make_certificate(place, ["mx.a.example"])))
        both.chmod(0o600)
        write_config("nobody")
        good("domain", "add", "a.example")
        good("account", "add", ANN, "--password-stdin", input=PASSWORD + "\n")
        good("backup", vault)
        words(run, vault)
        config.unlink()
        both.unlink()
        done = run("restore", vault)
        assert done.returncode == 1 and "is not empty" in done.stderr, done.stderr
        assert not config.exists() and not both.exists(), "written before the place was looked at"
        shutil.rmtree(store)
        both.parent.rmdir()
        both.parent.write_text("in the way")
        done = run("restore", vault)
        assert done.returncode == 1 and "both.pem" in done.stderr, done.stderr
        assert (config.stat().st_mode & 0o777) == 0o640
        if root:
            assert config.stat().st_gid == pwd.getpwnam("nobody").pw_gid, "the server cannot read its configuration"
        done = run("fsck")
        assert done.returncode == 1 and (store / "restoring").is_dir(), done.stdout + done.stderr
        both.parent.unlink()
        good("restore", vault)
        assert (both.stat().st_mode & 0o777) == 0o600, f"the key is open: {both.stat().st_mode:o}"
        all_of_server()
        good("restore", vault, "--account", ANN)  # the backup is root's alone
        all_of_server()
        if root:
            write_config("no-such-user")  # as good as a kill: it ends before all is given to the server
            done = run("restore", vault, "--account", ANN)
            assert done.returncode == 1 and "no user" in done.stderr, done.stderr
            all_of_server()
        print("restore_again: done" + ("" if root else "; whose the files are was skipped: not root"))
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
