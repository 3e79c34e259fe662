#!/usr/bin/env python3
"""quickstart and the commands on a store that no server has open: what is wrong is said before anything is made,
a second try is not in the way of the first, and what root makes is the server's.
"""

import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import PROGRAM, Server  # noqa: E402


def run(*words, cwd=None):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=60, cwd=cwd)


def refused(done, *words):
    assert done.returncode not in (0, 134), f"{done.returncode}: {done.stdout}{done.stderr}"
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("heliopost: "), done.stderr
    for word in words:
        assert word in lines[0], lines[0]
    print(f"  {lines[0]}")


def quickstart(place):
    config = place / "heliopost.toml"
    start = ("--config", config, "quickstart")
    for name in ("a,b", "bad host", 'ma"il.x', "a\nb", "-x.example"):
        refused(run(*start, "me@example.org", "--host-name", name, cwd=place), "--host-name")
    refused(run(*start, '"q s"@example.org', cwd=place), "local part")
    refused(run(*start, "me@[127.0.0.1]", cwd=place))
    refused(run(*start, "me@example.org", "--directory", "/proc/no/store", cwd=place), "/proc/no/store")
    assert not config.exists() and not list(place.glob("tls/*")), "a failure left something behind"
    good = run(*start, "me@example.org", "--directory", "store", cwd=place)
    assert good.returncode == 0, good.stderr
    listed = run("--config", config, "account", "list", cwd="/")
    assert "me@example.org" in listed.stdout, "the store moves with the working directory"
    assert oct(config.stat().st_mode & 0o777) == "0o640"
    refused(run(*start, "me@example.org", "--directory", "store", cwd=place), "exists already")


def owners_of_files(place):
    """With a user "heliopost" (in a mount namespace) the store is the server's, the configuration root's."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        print("  (not root, or no mount namespaces: left out)")
        return
    place.chmod(0o755)
    for name, line in (("passwd", "heliopost:x:64901:64902::/:/bin/false\n"), ("group", "heliopost:x:64902:\n")):
        (place / name).write_text(pathlib.Path("/etc", name).read_text() + line)
    config, store = place / "own/heliopost.toml", place / "own/store"
    config.parent.mkdir()
    script = 'mount --bind passwd /etc/passwd && mount --bind group /etc/group && exec "$@"'
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", PROGRAM, "--config", config, "quickstart",
                           "me@example.org", "--directory", store],
                          cwd=place, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    owner = lambda path: (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o777)
    assert owner(config) == (0, 64902, 0o640), owner(config)
    assert {owner(path)[0] for path in store.rglob("*")} == {64901}
    print("  the server's user owns the store and may only read the configuration")


def check_config(server):
    good = server.config.read_text()
    for old, new, words in (
            ("[server]", '[server]\nuser = "nosuchuser"', ("server.user", "nosuchuser")),
            ("[tls]", '[dns]\nservers = ["x"]\n[tls]', (":", "192.0.2.53")),
            ("[tls]", '[dns]\ntrust_anchor_file = "/nope"\n[tls]', ("dns.trust_anchor_file", "/nope")),
            ("[tls]", '[relay]\nroots_file = "/nope"\n[tls]', ("relay.roots_file", "/nope")),
            ("[tls]", '[relay]\nsmart_host = "a:b:c"\n[tls]', ("a host and a port",)),
            (server.host_name, "bad host", ("the name of a host",)),
            (f':{server.ports["pop3"]}"', f':{server.ports["imap"]}"', ("is taken by imap.listen",))):
        assert old in good
        server.config.write_text(good.replace(old, new, 1))
        refused(server.command("check-config", check=False), *words)
    server.config.write_text(good)
    assert "good" in server.command("check-config").stdout


def made_by_root(server):
    """A store that a command made before the server ran belongs to the server's user."""
    if os.geteuid() != 0:
        print("  (not root: left out)")
        return
    nobody = pwd.getpwnam("nobody").pw_uid
    server.directory.chmod(0o755)
    server.config.write_text(server.config.read_text().replace("[server]", '[server]\nuser = "nobody"'))
    server.command("domain", "add", "a.example")
    owners = {path.stat().st_uid for path in (server.directory / "store").rglob("*")}
    assert owners == {nobody}, owners
    with server:
        print("  what a command of root made, the server opens as its own user")


def main():
    place = pathlib.Path(tempfile.mkdtemp(prefix="heliopost-first."))
    try:
        quickstart(place)
        owners_of_files(place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    server = Server()
    try:
        check_config(server)
        made_by_root(server)
    finally:
        shutil.rmtree(server.directory, ignore_errors=True)


if __name__ == "__main__":
    main()
