"""Runs slow checks of single files, two at a time, and keeps what passed: the next run skips it.

What passed is kept as an empty file named by a hash of all that the result depends on. Failures are not kept.
"""

import concurrent.futures
import hashlib
import os
import subprocess
import sys
import time

import sources


def key_of(what, path, cache):
    """A name for the state of the world in which `what` (flags, versions) was checked on path."""
    digest = hashlib.sha256(repr(what).encode())
    for part in sources.closure_of(path, cache=cache):
        digest.update(part.encode() + b"\0")
        with open(os.path.join(sources.ROOT, part), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def failed(done):
    return done.returncode != 0


def run(folder, jobs, is_bad=failed):
    """jobs: [(path, what, command)]. Prints what fails; returns the number of failures."""
    os.makedirs(folder, exist_ok=True)
    cache, wait = {}, []
    for path, what, command in jobs:
        mark = os.path.join(folder, key_of(what, path, cache))
        if not os.path.exists(mark):
            wait.append((path, mark, command))

    def one(job):
        path, mark, command = job
        begin = time.monotonic()
        done = subprocess.run(command, cwd=sources.ROOT, capture_output=True, text=True, errors="replace")
        return path, mark, done, time.monotonic() - begin

    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, mark, done, seconds in pool.map(one, wait):
            if not is_bad(done):
                open(mark, "w").close()
                continue
            failures += 1
            print(f"{path} ({seconds:.0f} s)\n{done.stdout}{done.stderr}", end="", flush=True)
    print(f"{len(jobs)} files, {len(jobs) - len(wait)} as checked before: {failures} errors")
    sys.stdout.flush()
    return failures
