#!/usr/bin/env python3
"""What is wrong around the server ends in one clear line, a code that is not 0, and nothing damaged.

An unknown key, an unreadable certificate, a port in use, a second process on the same store, a disk too full to open
the store, a store of a newer format.
"""

import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import PROGRAM, Server, free_port, make_message  # noqa: E402

USER = "ann@a.example"
EXIT_CONFIGURATION = 78
EXIT_TEMPORARY = 75  # systemd starts it again
EXIT_FAILED = 1
FORMAT_KEY, FORMAT, NEWER_FORMAT = b"\0format".hex(), "00000001", "00000063"  # docs/format.md


def serve(config):
    return subprocess.run([PROGRAM, "--config", config, "serve"], capture_output=True, text=True, timeout=60)


def expect(done, code, *words):
    lines = [line for line in done.stderr.splitlines() if line.startswith("heliopost: ")]
    assert done.returncode == code, f"{done.returncode}: {done.stderr}"
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0], f"no {word!r} in {lines[0]!r}"
    print(f"  {lines[0]}")


def variant(server, name, old, new):
    text = server.config.read_text()
    assert old in text
    file = server.directory / name
    file.write_text(text.replace(old, new))
    return file


def other_ports(server, file):
    text = file.read_text()
    for name, port in server.ports.items():
        text = text.replace(f":{port}\"", f":{free_port()}\"")
    file.write_text(text.replace("admin.sock", "other.sock"))
    return file


def full_disk(server):
    """A file system that has no room for the store; only root can make one."""
    if os.geteuid() != 0:
        print("  (not root: no small file system, left out)")
        return
    place = server.directory / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", place], capture_output=True)
    if mounted.returncode != 0:
        print("  (no mount here, left out)")
        return
    try:
        (place / "filler").write_bytes(b"x" * 8192)
        config = other_ports(server, variant(server, "full.toml", f"{server.directory}/store", f"{place}/store"))
        expect(serve(config), EXIT_TEMPORARY, "store")
    finally:
        subprocess.run(["umount", place], check=True)


def newer_store(server):
    """A store that a later version wrote: no command opens it, and nothing in it changes."""
    keys = server.store_edit("list", "rows") + server.store_edit("list", "chunks")
    server.store_edit("put", "rows", FORMAT_KEY, NEWER_FORMAT)
    words = "has format 99", "this heliopost knows up to 1", "install the newer version"
    expect(serve(server.config), EXIT_CONFIGURATION, *words)
    for command in ["fsck"], ["account", "list"], ["domain", "add", "b.example"]:
        expect(server.command(*command, check=False), EXIT_FAILED, *words)
    server.store_edit("put", "rows", FORMAT_KEY, FORMAT)
    assert server.store_edit("list", "rows") + server.store_edit("list", "chunks") == keys


def main():
    with Server() as server:
        server.add_account(USER)
        server.submit(USER, [USER], make_message(USER, USER, "stays"))
        expect(serve(variant(server, "key.toml", "[smtp]\nlisten", "[smtp]\nlistne")), EXIT_CONFIGURATION,
               "key.toml:", "unknown key", 'did you mean "smtp.listen"?')
        expect(serve(variant(server, "cert.toml", "cert.pem", "absent.pem")), EXIT_CONFIGURATION, "absent.pem")
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            taken = other_ports(server, variant(server, "port.toml", "[smtp]", "[smtp]"))
            listen = '[smtp]\nlisten = ["'
            taken.write_text(taken.read_text().replace(listen, f'{listen}127.0.0.1:{port}", "'))
            expect(serve(taken), EXIT_CONFIGURATION, str(port), "in use")
        second = other_ports(server, variant(server, "second.toml", "[smtp]", "[smtp]"))
        expect(serve(second), EXIT_TEMPORARY, "another")
        shared = other_ports(server, variant(server, "shared.toml", "/store", "/other-store"))
        ours = f'[imap]\nlisten = ["127.0.0.1:{server.ports["imap"]}", "'
        shared.write_text(shared.read_text().replace('[imap]\nlisten = ["', ours))
        expect(serve(shared), EXIT_CONFIGURATION, str(server.ports["imap"]), "in use")  # by the other heliopost
        full_disk(server)
        server.stop()
        newer_store(server)
        assert server.command("fsck").returncode == 0
        server.start()
        assert b"Subject: stays" in server.messages(USER)[0]
    print("bad input: done")


if __name__ == "__main__":
    main()
