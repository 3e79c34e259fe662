#!/usr/bin/env python3
"""The scrub of a running server: what a disk has damaged shows in the log, with its place and what to do."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import Server, make_message, wait_for  # noqa: E402

ANN, BOB = "ann@a.example", "bob@a.example"


def flip_bit(server, suffix):
    """A bit turns over on the disk, in the middle of the largest file of its kind: its path."""
    files = [file for file in (server.directory / "store").iterdir() if file.suffix == suffix]
    file = max(files, key=lambda one: one.stat().st_size)
    with open(file, "r+b") as disk:
        disk.seek(file.stat().st_size // 2)
        octet = disk.read(1)[0]
        disk.seek(-1, 1)
        disk.write(bytes([octet ^ 1]))
    return file


def lines(server, event, after=0):
    return [line for line in server.log_text()[after:].splitlines() if f"event={event} " in line + " "]


def finished(server, after):
    """The first walk that began after now has ended: the second one that ends from here on."""
    wait_for("two walks", lambda: len(lines(server, "scrub.finished", after)) >= 2)
    return lines(server, "scrub.finished", after)[1]


def main():
    with Server() as server:
        config = server.config.read_text()
        server.config.write_text(config.replace("[server]", '[server]\nscrub_interval = "1s"', 1))
        for user in ANN, BOB:
            server.add_account(user)
        noise = "".join(f"{i * 2654435761 % 4294967296:08x}" * 8 + "\r\n" for i in range(400))
        server.submit(BOB, [ANN], make_message(BOB, ANN, "one", noise))
        server.wait_for_message(ANN, "Subject: one")
        server.stop()  # what was in the log is in tables at the next start
        server.start()
        assert "damaged=0" in finished(server, len(server.log_text()))
        (row,) = server.rows("status")
        assert row["scrub_ended"] and row["scrub_blobs"] >= 1 and row["scrub_tables"] >= 1, row
        assert row["scrub_damaged"] == 0 and row["scrub_octets"] > 0, row
        assert "0 damaged" in server.command("status").stdout

        vault = server.directory / "vault"
        server.command("backup", vault)
        before = len(server.log_text())
        flip_bit(server, ".blob")  # under the running server
        assert "damaged=1" in finished(server, before)
        told = lines(server, "scrub.damaged", before)[0]
        for part in ("level=error", f"account={ANN}", "mailbox=INBOX", "uid=1", "cannot be read", "heliopost restore"):
            assert part in told, f"no {part!r} in {told}"
        print(f"  {told}")
        assert server.rows("status")[0]["scrub_damaged"] == 1
        # What its advice says brings the message back, although its octets are stored already, damaged.
        (told,) = server.rows("restore", vault, "--in-place", "--account", ANN)
        assert told["messages"] == 1, told
        client = server.imap(ANN)
        client.select("INBOX", readonly=True)
        assert client.uid("FETCH", "1:*", "(UID)")[1] == [b"1 (UID 1)", b"2 (UID 2)"]
        assert noise.encode() in client.uid("FETCH", "2", "(BODY.PEEK[])")[1][0][1]
        code, answer = client.uid("FETCH", "1", "(ENVELOPE)")
        assert code == "OK" and b'"one"' in answer[0], answer
        code, answer = client.uid("FETCH", "1", "(BODY.PEEK[])")
        print(f"  the damaged one, to its reader: {code} {answer}")
        assert code == "NO", (code, answer)
        client.logout()
        assert server.rows("restore", vault, "--in-place", "--account", ANN)[0]["messages"] == 0
        flip_bit(server, ".blob")  # back again

        before = len(server.log_text())
        table = flip_bit(server, ".sst")
        walked = finished(server, before)
        told = [line for line in lines(server, "scrub.damaged", before) if f"table={table.name}" in line]
        assert told and "heliopost fsck" in told[0] and "level=error" in walked, server.log_text()[before:]
        print(f"  {told[0]}")
        flip_bit(server, ".sst")

        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 10

        # A walk that would take hours goes on after a restart, and ends at once when the server does.
        server.config.write_text(config.replace("[server]", '[server]\nscrub_pace = 2000', 1))
        (server.directory / "store/scrub").unlink()
        server.start()
        wait_for("the walk", lambda: server.rows("status")[0]["scrub_octets"] > 0)
        began = server.rows("status")[0]["scrub_began"]
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 10
        server.start()
        (row,) = server.rows("status")
        assert row["scrub_began"] == began and row["scrub_walks"], row
        server.stop()
        done = server.command("status", check=False)
        assert done.returncode == 1 and "no server runs" in done.stderr, done
    print("scrub: done")


if __name__ == "__main__":
    main()
