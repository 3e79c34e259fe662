#!/usr/bin/env python3
"""L1 of docs/reliability.md: idle TLS connections, what each costs, and how long an honest client waits beside them.

    idle.py [--connections N]     HELIOPOST names the program; heliopost_load stands beside it

The load generator logs in, selects a mailbox and says IDLE on every connection; then an honest client logs in and
fetches, ten times, while all of them are held.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from attack import resident_octets  # noqa: E402
from server import PASSWORD, PROGRAM, Server, make_message, wait_for  # noqa: E402

LOAD = os.environ.get("HELIOPOST_LOAD", str(pathlib.Path(PROGRAM).parent / "heliopost_load"))
IDLER, ANN = "idle@a.example", "ann@a.example"
HOLD_SECONDS = 30
OCTETS_MAX = 60_000  # each, resident: the target is 40 kB of the server's own
HONEST_SECONDS_MAX = 5  # on a busy machine; the target is 1


def load(server, *words):
    command = [LOAD, "imap", *words, "--to", f"{server.address}:{server.ports['imaps']}", "--tls-from-start", "--user",
               IDLER, "--password", PASSWORD, "--pid", str(server.process.pid)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def established(server):
    """Connections to the IMAP port, as the kernel counts them."""
    port = f":{server.ports['imaps']:04X}"
    lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[1].endswith(port) and line.split()[3] == "01" for line in lines)


def honest(server):
    begin = time.monotonic()
    client = server.imap(ANN)
    client.select("INBOX")
    assert client.fetch("1", "(BODY.PEEK[])")[0] == "OK"
    client.logout()
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=10_000)
    count = parser.parse_args().connections
    limits = "connections_per_address_max = 20000\nconnections_max = 20000"
    with Server(listener=limits) as server:
        for user in IDLER, ANN:
            server.add_account(user)
        server.submit(ANN, [ANN], make_message(ANN, ANN, "honest"))
        server.wait_for_message(ANN, "honest")
        load(server, "login", "--count", "100", "--connections", "32").communicate()
        before = resident_octets(server)
        idle = load(server, "idle", "--connections", str(count), "--hold", str(HOLD_SECONDS))
        wait_for(f"{count} connections", lambda: established(server) >= count or idle.poll() is not None, 400)
        time.sleep(3)  # the last logins: the kernel does not see them
        grown, waits = resident_octets(server) - before, sorted(honest(server) for _ in range(10))
        held = established(server)
        out, err = idle.communicate()
        report = json.loads(out)
        print(err.strip())
        each = grown / count
        print(f"| L1 | {count:,} idle TLS IMAP connections: memory of each, an honest client | 40 kB, 1 s | "
              f"{each / 1000:.0f} kB resident ({report.get('pss_kib_per_operation', 0):.0f} KiB proportional), "
              f"{waits[5]:.2f} s in the middle, {waits[-1]:.2f} s at most | `tests/load/idle.py` |")
        assert report["failed"] == 0, report["first_failure"]
        assert held >= count and each < OCTETS_MAX and waits[-1] < HONEST_SECONDS_MAX


if __name__ == "__main__":
    main()
