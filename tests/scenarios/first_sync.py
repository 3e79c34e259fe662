#!/usr/bin/env python3
"""A new store is on disk before anything in it is acknowledged: each directory with a new name is synced."""

import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import PROGRAM, Server  # noqa: E402

CALLS = "mkdir,mkdirat,fsync,fdatasync"


def main():
    if shutil.which("strace") is None:
        print("first sync: skipped, there is no strace")
        return
    with Server() as server:
        server.stop()  # the command opens the store itself
        new = server.directory / "new"
        server.config.write_text(server.config.read_text().replace(f"{server.directory}/store", f"{new}/deep/store"))
        trace = server.directory / "trace"
        done = subprocess.run(["strace", "-f", "-y", "-o", trace, "-e", f"trace={CALLS}", PROGRAM, "--config",
                               server.config, "domain", "add", "b.example"], capture_output=True, text=True, timeout=60)
        if "Operation not permitted" in done.stderr and not new.exists():
            print("first sync: skipped, no right to trace")
            return
        assert done.returncode == 0, done.stderr
        lines = trace.read_text().splitlines()

        def first(pattern):
            return next((at for at, line in enumerate(lines) if re.search(pattern, line)), None)

        first_row = first(rf"f(data)?sync\(\d+<{new}/deep/store/\d+\.log>\) += 0")
        assert first_row is not None, lines
        for parent, name in (server.directory, "new"), (new, "deep"), (new / "deep", "store"):
            made = first(rf'mkdir(at)?\(.*"{parent}/{name}/?", .*\) += 0')
            synced = first(rf"fsync\(\d+<{parent}>\) += 0")
            assert made is not None and synced is not None, (parent, made, synced)
            assert made < synced < first_row, (parent, made, synced, first_row)
    print("first sync: done")


if __name__ == "__main__":
    main()
