#!/usr/bin/env python3
"""fsck on the store of a real server: clean, and damaged in each way that a disk or a fault can damage it.

Each damage is planted in a copy of the sound store by tests/support/store_edit.cc; fsck must name the account, the
mailbox and the message, say what is wrong and what to do, end with 1, and change nothing.
"""

import base64
import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import PROGRAM, Server, make_message, wait_for  # noqa: E402

ANN, BOB = "ann@a.example", "bob@a.example"
DIRECTORY, QUEUE, ACCOUNT_1, BLOBS = "01" + "00" * 8, "02" + "00" * 8, "03" + "00" * 7 + "01", "04" + "00" * 8
ROWS, COUNTERS = "01", "02"  # docs/format.md


def first(server, family, start):
    return next(key for key in server.store_edit("list", family) if key.startswith(start))


def expect(server, harm, where, problem):
    """fsck says this, as JSON and for people, and twice the same: it changes nothing."""
    done = server.command("--json", "fsck", check=False)
    assert done.returncode == 1, f"{done.returncode}: {done.stdout}{done.stderr}"
    assert done.stdout, f"{done.returncode}: {done.stderr}"
    report = json.loads(done.stdout)
    assert report["problem_count"] == len(report["problems"]) > 0
    told = [p for p in report["problems"]
            if p["harm"] == harm and re.fullmatch(where, p["where"]) and problem in p["problem"]]
    assert told, f"no {harm} {where!r} {problem!r} in {report['problems']}"
    people = server.command("fsck", check=False)
    assert people.returncode == 1 and "mended" not in people.stdout
    line = f"{told[0]['where']}: {told[0]['problem']} ({told[0]['advice']})"
    assert line in people.stdout.splitlines(), people.stdout
    assert people.stdout == server.command("fsck", check=False).stdout
    print(f"  {line}")


# What a repair says where the damage was told with these words; of all others it is no master.
MENDED = {"the counter of unseen": "the counter of unseen", "its blob does not know of it": "does not know of it",
          "no mailbox keeps it": "no mailbox keeps it", "its record is missing": "there again, as a new message",
          "is not indexed": "it was not indexed rightly", "": "there again, as a new message",
          "unknown key": "taken out", "records, but no such mailbox": "it has one again",
          "name without domain": "its record was lost: it has one again",
          "listed in mailbox": "it is in lost+found/INBOX", "recipients without an entry": "recipients without"}


def repair(server, harm, problem):
    """It says what it did, keeps the store as it was, and finds nothing more to do afterwards."""
    store = server.directory / "store"
    done = server.command("--json", "fsck", "--repair", check=False)
    mended = problem in MENDED
    told = [p for p in json.loads(done.stdout)["problems"] if MENDED.get(problem, problem) in p["problem"]]
    assert told and all(p["mended"] == mended for p in told), done.stdout
    assert done.returncode == (0 if mended else 1), done.stdout
    if mended:
        print(f"  {told[0]['where']}: {told[0]['problem']}")
        assert server.command("fsck").returncode == 0
    kept = [path for path in store.iterdir() if path.name.startswith("before-repair-")]
    assert len(kept) == 1 and (kept[0] / "CURRENT").exists(), kept
    again = server.command("--json", "fsck", "--repair", "--no-checkpoint", check=False)
    assert again.returncode == done.returncode and json.loads(again.stdout)["mended_count"] == 0, again.stdout
    assert sum(path.name.startswith("before-repair-") for path in store.iterdir()) == 1


def damaged_log(server, sound):
    """Acknowledged mail lies behind a flipped bit of the log: refused, and opened up to there when asked to."""
    store = server.directory / "store"
    shutil.rmtree(store)
    shutil.copytree(sound, store)
    server.start()
    for i in range(8):
        client = server.imap(ANN)
        client.append("INBOX", None, None, make_message(BOB, ANN, f"late {i}", "text\r\n" * 99).encode())
        client.logout()
    server.kill()
    flip_bit(server, ".log")
    done = server.command("fsck", check=False)
    assert done.returncode == 1 and "acknowledged mail lies behind" in done.stderr, done.stderr
    assert "fsck --repair" in done.stderr
    before = {path.name: path.read_bytes() for path in store.iterdir() if path.is_file() and path.suffix == ".log"}
    done = server.command("fsck", "--repair", check=False)
    assert done.returncode == 0 and "is lost" in done.stderr, (done.returncode, done.stdout, done.stderr)
    (kept,) = [path for path in store.iterdir() if path.name.startswith("before-repair-")]
    assert {name: (kept / name).read_bytes() for name in before} == before, "the damaged log is not as it was"
    assert server.command("fsck").returncode == 0
    server.start()
    subjects = [i for i in range(8) if any(f"Subject: late {i}\r\n".encode() in m for m in server.messages(ANN))]
    assert 0 < len(subjects) < 8 and subjects == list(range(len(subjects))), subjects
    server.stop()
    print(f"  a damaged log: {len(subjects)} of 8 messages lay before the damage and are there")


# Where the message is after the repair.
READ_AGAIN = {"its record is missing": "INBOX", "is not indexed": "INBOX", "records, but no such mailbox": "INBOX",
              "listed in mailbox": "lost+found/INBOX"}


def flip_bit(server, suffix):
    """A bit turns over on the disk, in the middle of the largest file of its kind."""
    files = [file for file in (server.directory / "store").iterdir() if file.suffix == suffix]
    file = max(files, key=lambda one: one.stat().st_size)
    octets = bytearray(file.read_bytes())
    octets[len(octets) // 2] ^= 1
    file.write_bytes(octets)


def progress_bar(server):
    """On a terminal a bar is drawn, and gone at the end."""
    reader, writer = pty.openpty()
    done = subprocess.run([PROGRAM, "--config", server.config, "fsck"], stdout=subprocess.PIPE, stderr=writer,
                          timeout=60)
    os.close(writer)
    drawn = os.read(reader, 65536).decode()
    os.close(reader)
    assert done.returncode == 0
    assert "[###" in drawn and "100 %" in drawn and drawn.endswith("\r\x1b[K"), repr(drawn)


def main():
    with Server(extra="[relay]\nsmart_host = \"127.0.0.1:9\"\nsmart_host_require_tls = false") as server:
        for user in ANN, BOB:
            server.add_account(user)
        random = os.urandom(3000).hex()  # does not compress much: gets a place of its own on the disk
        server.submit(ANN, [BOB, "x@b.example"], make_message(ANN, BOB, "one", random + "\r\n"))
        server.submit(BOB, [ANN], make_message(BOB, ANN, "two"))
        for user, subject in (BOB, "one"), (ANN, "two"):
            server.wait_for_message(user, f"Subject: {subject}")
        wait_for("an attempt of the queue", lambda: any(row["attempts"] for row in server.rows("queue", "list")))
        server.stop()

        done = server.command("fsck")
        assert re.search(r"2 accounts, 2 messages, 1 queued, 0 problems", done.stdout), done.stdout
        report = server.rows("fsck")
        assert report["problem_count"] == 0 and report["problems"] == [] and report["references"] == 3, report
        progress_bar(server)

        sound = server.directory / "sound"
        shutil.copytree(server.directory / "store", sound)
        edit = server.store_edit
        ann, bob = r"account ann@a\.example, mailbox INBOX", r"account bob@a\.example, mailbox INBOX"
        message = ann + r", message 1"
        email = ACCOUNT_1 + ROWS + "27"
        damages = [
            ("lost", f"{bob}, message 1", "cannot be read: Corruption", lambda: flip_bit(server, ".blob")),
            ("lost", rf"({message}|{bob}, message 1)", "chunk 0 of it is damaged",
             lambda: edit("flip", "chunks", first(server, "chunks", ""))),
            ("lost", rf"({message}|{bob}, message 1)", "chunk 0 of it is missing",
             lambda: edit("erase", "chunks", first(server, "chunks", ""))),
            ("lost", message, "its record is missing", lambda: edit("erase", "rows", first(server, "rows", email))),
            ("lost", message, "", lambda: edit("put", "rows", first(server, "rows", email), "78")),
            ("lost", message, "is not indexed",
             lambda: edit("erase", "rows", first(server, "rows", ACCOUNT_1 + ROWS + "28"))),
            ("wrong", ann, "the counter of unseen",
             lambda: edit("put", "rows", first(server, "rows", ACCOUNT_1 + COUNTERS + "22"), "00" * 7 + "63")),
            ("wrong", rf"({message}|{bob}, message 1|queue, message \w+)", "its blob does not know of it",
             lambda: edit("erase", "rows", first(server, "rows", BLOBS + ROWS + "03"))),
            ("room", r"account ann@a\.example, email 77", "no mailbox keeps it",
             lambda: edit("put", "rows", first(server, "rows", BLOBS + ROWS + "03")[:-34] + ACCOUNT_1 + "00" * 7
                          + "4d", "")),
            ("lost", r"queue, message \w+", "recipients without an entry",
             lambda: edit("erase", "rows", first(server, "rows", QUEUE + ROWS))),
            ("lost", r"address ann@a\.example", "name without domain",
             lambda: edit("erase", "rows", first(server, "rows", DIRECTORY + ROWS + "01"))),
            ("wrong", r"account ann@a\.example, mailbox 1", "records, but no such mailbox",
             lambda: edit("erase", "rows", ACCOUNT_1 + ROWS + "2000000001")),
            ("wrong", r"account ann@a\.example, email 1", "listed in mailbox",
             lambda: [edit("erase", "rows", key) for key in server.store_edit("list", "rows")
                      if key.startswith((ACCOUNT_1 + ROWS + "2400000001", ACCOUNT_1 + ROWS + "2500000001"))]),
            ("wrong", "store", "unknown key", lambda: edit("put", "rows", "0973", "78")),
        ]
        for harm, where, problem, plant in damages:
            shutil.rmtree(server.directory / "store")
            shutil.copytree(sound, server.directory / "store")
            plant()
            expect(server, harm, where, problem)

        # What follows from what is there is mended, and then all is well; the rest is told again.
        for harm, where, problem, plant in damages:
            shutil.rmtree(server.directory / "store")
            shutil.copytree(sound, server.directory / "store")
            plant()
            repair(server, harm, problem)
            if problem in READ_AGAIN:
                server.start()
                for user, subject in (ANN, "two"), (BOB, "one"):
                    mailbox = READ_AGAIN[problem] if user == ANN else "INBOX"
                    server.wait_for_message(user, f"Subject: {subject}", mailbox)
                server.stop()
        lines = [line for path in (server.directory / "store").iterdir() if path.suffix == ".jsonl"
                 for line in path.read_text().splitlines()]
        (line,) = map(json.loads, lines)  # of the last damage
        assert base64.b64decode(line["key"]) == b"\x09s" and base64.b64decode(line["value"]) == b"x", line
        assert line["reason"] and line["where"], line
        damaged_log(server, sound)

        # So small a store has all its rows in one block: it cannot be opened.
        shutil.rmtree(server.directory / "store")
        shutil.copytree(sound, server.directory / "store")
        flip_bit(server, ".sst")
        done = server.command("fsck", check=False)
        assert done.returncode == 1 and "is damaged" in done.stderr and "from a backup" in done.stderr, done.stderr
        shutil.rmtree(server.directory / "store")
        done = server.command("fsck", check=False)
        assert done.returncode == 1 and "there is no store at" in done.stderr, done.stderr
        assert not (server.directory / "store").exists()  # looking made none
        shutil.copytree(sound, server.directory / "store")
        server.start()
        done = server.command("fsck", check=False)
        assert done.returncode == 1 and "in use by another heliopost process" in done.stderr, done.stderr
        done = server.command("fsck", "--repair", check=False)
        assert done.returncode == 1 and "in use by another heliopost process" in done.stderr, done.stderr
        assert not list((server.directory / "store").glob("before-repair-*")), "files of a running server are pinned"
        assert b"Subject: two" in server.messages(ANN)[0]
    print("fsck: done")


if __name__ == "__main__":
    main()
