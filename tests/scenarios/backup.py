#!/usr/bin/env python3
"""A restore drill: backups of a server under load, and what comes back, compared through IMAP.

Octets, UIDs, flags, keywords and internal dates must be as they were; UIDVALIDITY greater than any that a client has
seen; queued mail on hold. Backups that were killed, or met a full disk, never count, and earlier ones stay whole.
"""

import hashlib
import imaplib
import json
import os
import pathlib
import re
import shutil
import signal
import smtplib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import PROGRAM, Server, make_message, wait_for  # noqa: E402

ANN, BOB = "ann@a.example", "bob@a.example"
CANARY = "canary-4711-in-clear-text"
ITEM = re.compile(rb"UID (\d+)")
FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")
DATE = re.compile(rb'INTERNALDATE "([^"]*)"')


def noise(octets):
    """Lines that do not compress much."""
    return "".join(os.urandom(30).hex() + "\r\n" for _ in range(octets // 62 + 1))


def state(server, user):
    """{mailbox: (UIDVALIDITY, {UID: (flags, internal date, SHA-256)})}"""
    client = server.imap(user)
    out = {}
    try:
        for line in client.list()[1]:
            name = line.decode().rsplit(' "/" ', 1)[1].strip('"')
            _, (count,) = client.select(f'"{name}"', readonly=True)
            validity = int(client.response("UIDVALIDITY")[1][0])
            messages = {}
            if int(count):
                _, answer = client.fetch("1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")
                for item, tail in zip(answer[::2], answer[1::2]):
                    head = item[0] + tail
                    flags = frozenset(FLAGS.search(head).group(1).split()) - {b"\\Recent"}
                    messages[int(ITEM.search(head).group(1))] = (
                        flags, DATE.search(head).group(1), hashlib.sha256(item[1]).hexdigest())
            out[name] = (validity, messages)
    finally:
        client.logout()
    return out


class Load(threading.Thread):
    """Sends until it is told to stop; knows what was acknowledged, and when."""

    def __init__(self, server):
        super().__init__()
        self.server, self.acknowledged, self.going = server, [], True

    def run(self):
        with smtplib.SMTP(self.server.address, self.server.ports["lmtp"], timeout=60) as client:
            client.docmd("LHLO", "load")
            while self.going:
                subject = f"load {len(self.acknowledged)}"
                client.docmd("MAIL", "FROM:<load@b.example>")
                client.docmd("RCPT", f"TO:<{BOB}>")
                client.docmd("DATA")
                client.send(make_message("load@b.example", BOB, subject, noise(600)) + "\r\n.\r\n")
                code, _ = client.getreply()
                assert code == 250, code
                self.acknowledged.append(subject)

    def stop(self):
        self.going = False
        self.join()


def fill(server):
    server.submit(ANN, [BOB, "x@b.example"], make_message(ANN, BOB, "one", CANARY + "\r\n" + "text\r\n" * 900))
    server.submit(BOB, [ANN], make_message(BOB, ANN, "two", CANARY + " again\r\n"))
    server.wait_for_message(BOB, "Subject: one")
    server.wait_for_message(ANN, "Subject: two")
    client = server.imap(ANN)
    client.create('"Archive/2025 Rechnungen"')
    for i in range(12):
        message = make_message(BOB, ANN, f"kept {i}", noise(100 + 8000 * i)).encode()
        code, answer = client.append('"Archive/2025 Rechnungen"', r"(\Seen $Paid)" if i % 3 else r"(\Flagged)",
                                     f'"0{1 + i % 9}-Feb-2025 10:20:3{i % 10} +0100"', message)
        assert code == "OK", answer
    # What no codec makes smaller lies in the store as it is: the canary can be found.
    binary = bytes(octet for octet in os.urandom(3000) if octet not in b"\0\r\n")
    client.append("INBOX", None, None, make_message(BOB, ANN, "noise").encode() + CANARY.encode() + binary + b"\r\n")
    client.select('"Archive/2025 Rechnungen"')
    client.uid("STORE", "3", "+FLAGS", r"(\Deleted)")
    client.uid("EXPUNGE", "3")
    client.logout()
    wait_for("an attempt of the queue", lambda: any(row["attempts"] for row in server.rows("queue", "list")))


def restore(server, *words, check=True):
    return server.command("--json", "restore", *words, check=check)


def compare(before, after, may_have_more=()):
    for name, (validity, messages) in before.items():
        now, restored = after[name]
        assert now > validity, f"{name}: UIDVALIDITY {now}, a client has seen {validity}"
        if name in may_have_more:
            restored = {uid: restored[uid] for uid in messages if uid in restored}
        assert restored == messages, f"{name}: {messages.keys()} {restored.keys()}"


def drill(server, vault):
    """Whole: under load, to a point in time, over what clients have seen since."""
    load = Load(server)
    load.start()
    wait_for("some load", lambda: len(load.acknowledged) > 20)
    before = {user: state(server, user) for user in (ANN,)}
    acknowledged = len(load.acknowledged)
    first = json.loads(server.command("--json", "backup", vault).stdout)
    load.stop()
    assert len(load.acknowledged) > acknowledged, "no mail came while the backup ran"
    second = json.loads(server.command("--json", "backup", vault).stdout)
    assert 0 < second["files_new"] < second["files"] and second["octets_new"] < first["octets_new"], (first, second)
    listed = server.rows("backup", "--list", vault)
    assert [row["backup"] for row in listed] == [first["backup"], second["backup"]], listed
    verified = server.rows("backup", "--verify", vault)
    assert [row["damaged"] for row in verified] == [0, 0], verified
    assert (vault.stat().st_mode & 0o777) == 0o700
    assert all((file.stat().st_mode & 0o777) == (0o700 if file.is_dir() else 0o600) for file in vault.rglob("*"))
    assert not (server.directory / "store/checkpoint").exists()

    # What happens afterwards is lost, but no client may take the old for the new.
    server.submit(BOB, [ANN], make_message(BOB, ANN, "after"))
    server.wait_for_message(ANN, "Subject: after")
    client = server.imap(ANN)
    client.create("Later")
    seen = {user: state(server, user) for user in (ANN, BOB)}
    client.logout()
    refused = restore(server, vault, check=False)
    assert refused.returncode == 1 and "is not empty" in refused.stderr, refused.stderr
    server.stop()
    refused = restore(server, vault, check=False)
    assert refused.returncode == 1 and "is not empty" in refused.stderr, refused.stderr
    lost = server.directory / "lost"
    (server.directory / "store").rename(lost)
    configuration = server.config.read_text()
    server.config.unlink()
    server.key.unlink()
    told = json.loads(restore(server, vault, "--at", first["backup"]).stdout)
    assert told["accounts"] == 2 and told["held"] == 1, told
    assert server.config.read_text() == configuration and server.key.exists()
    assert sorted(told["files_made"]) == sorted([str(server.config), str(server.key)]), told
    assert (server.key.stat().st_mode & 0o777) == 0o600
    done = server.command("fsck")
    assert " 0 problems" in done.stdout, done.stdout
    server.start()
    after = {user: state(server, user) for user in (ANN, BOB)}
    compare(before[ANN], after[ANN])
    highest = max(validity for user in seen.values() for validity, _ in user.values())
    assert all(validity > highest for user in after.values() for validity, _ in user.values()), (highest, after)
    text = b"".join(server.messages(BOB)).decode()
    missing = [s for s in load.acknowledged[:acknowledged] if f"Subject: {s}\r\n" not in text]
    assert not missing, f"acknowledged before the backup, and not in it: {missing}"
    bodies = {sha for _, _, sha in after[BOB]["INBOX"][1].values()}
    assert bodies <= {sha for _, _, sha in seen[BOB]["INBOX"][1].values()}, "octets that nobody sent"
    rows = server.rows("queue", "list")
    assert [row["state"] for row in rows] == ["held"], rows
    server.command("queue", "release", rows[0]["queue_id"])
    assert server.rows("queue", "list")[0]["state"] != "held"
    client = server.imap(ANN)
    client.create("Later")
    client.select("Later")
    validity = int(client.response("UIDVALIDITY")[1][0])
    assert validity > seen[ANN]["Later"][0], "a name that came back looks as it did"
    client.logout()
    print(f"  whole: {first['backup']}, {len(load.acknowledged)} messages under load, {told['accounts']} accounts")


def cut_short(server, vault):
    """Killed at some moment: the backup does not count, and the next one cleans up."""
    names = [row["backup"] for row in server.rows("backup", "--list", vault)]
    kills = 0
    began = time.monotonic()
    names.append(json.loads(server.command("--json", "backup", vault).stdout)["backup"])
    took = time.monotonic() - began
    for delay in (0.1 * took, 0.4 * took, 0.6 * took, 0.8 * took):
        server.submit(ANN, [BOB], make_message(ANN, BOB, f"cut {delay}", noise(400_000)))
        command = subprocess.Popen([PROGRAM, "--config", server.config, "backup", vault], stdout=subprocess.DEVNULL)
        time.sleep(delay)  # any moment will do
        command.send_signal(signal.SIGKILL)
        kills += command.wait() != 0
        now = [row["backup"] for row in server.rows("backup", "--list", vault)]
        if len(now) == len(names) + 1:
            names = now
        assert now == names, (now, names)
    assert kills, "no backup was killed"
    taken = json.loads(server.command("--json", "backup", vault, "--keep", "2").stdout)
    assert taken["pruned"] == names[:-1], (taken, names)
    assert not list((vault / "incoming").iterdir()) and not (server.directory / "store/checkpoint").exists()
    used = {file["object"] for path in (vault / "backups").iterdir()
            for file in json.loads(path.read_text().splitlines()[0])["files"]}
    assert {path.name for path in (vault / "objects").rglob("*") if path.is_file()} == used
    assert all(row["damaged"] == 0 for row in server.rows("backup", "--verify", vault))
    print(f"  cut short: {kills} backups killed, none counts")


def full_disk(server):
    """A file system of 2 MiB: one clear line, and what was there is whole."""
    small = server.directory / "small"
    small.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", small], capture_output=True)
    if done.returncode != 0:
        print("  full disk: skipped, no right to mount")
        return
    try:
        vault = small / "vault"
        server.command("backup", vault)
        before = sorted(str(path) for path in vault.rglob("*") if path.is_file())
        server.submit(ANN, [BOB], make_message(ANN, BOB, "large", noise(3_000_000)))
        done = server.command("backup", vault, check=False)
        assert done.returncode == 1 and done.stderr.count("\n") == 1 and "disk is full" in done.stderr, done.stderr
        assert sorted(str(path) for path in vault.rglob("*") if path.is_file()) == before, "something was left"
        assert len(server.rows("backup", "--list", vault)) == 1
        assert server.rows("backup", "--verify", vault)[0]["damaged"] == 0
        print(f"  full disk: {done.stderr.strip()}")
    finally:
        subprocess.run(["umount", small], check=True)


def encrypted(server, vault, plain):
    """No clear text of a message, a name or a password hash anywhere; nothing without the key."""
    assert any(CANARY.encode() in path.read_bytes() for path in plain.rglob("*") if path.is_file())
    key = server.directory / "key"
    server.command("backup", "--new-key", key)
    assert len(key.read_bytes()) == 32 and (key.stat().st_mode & 0o777) == 0o600
    server.command("backup", vault, "--encrypt-to", key)
    server.submit(BOB, [ANN], make_message(BOB, ANN, "three", CANARY + "\r\n"))
    server.wait_for_message(ANN, "Subject: three")
    server.command("backup", vault, "--encrypt-to", key)
    assert server.command("backup", "--verify", vault, "--key", key).returncode == 0
    for path in vault.rglob("*"):
        octets = path.read_bytes() if path.is_file() else b""
        for secret in CANARY, "Rechnungen", "ann@a", "argon2", "smart_host", "PRIVATE KEY", "CURRENT", "MANIFEST":
            assert secret.encode() not in octets, f"{secret} in {path}"
    done = server.command("backup", "--list", vault, check=False)
    assert done.returncode == 1 and "--key" in done.stderr, done.stderr
    before = state(server, ANN)
    server.stop()
    shutil.rmtree(server.directory / "store")
    done = restore(server, vault, check=False)
    assert done.returncode == 1 and not (server.directory / "store").exists(), done.stderr
    restore(server, vault, "--key", key)
    server.start()
    compare(before, state(server, ANN))
    print("  encrypted: nothing in clear text, restored whole")


def mod_sequence(server, name):
    client = server.imap(ANN)
    _, (answer,) = client.status(f'"{name}"', "(HIGHESTMODSEQ)")
    client.logout()
    return int(re.search(rb"HIGHESTMODSEQ (\d+)", answer).group(1))


def accounts(server, vault):
    """An account, a mailbox, a message: beside what is there, and in place; with and without a server."""
    name = "Archive/2025 Rechnungen"
    taken = json.loads(server.command("--json", "backup", vault).stdout)
    date = f"{taken['backup'][:4]}-{taken['backup'][4:6]}-{taken['backup'][6:8]}"
    before = state(server, ANN)
    client = server.imap(ANN)
    client.append(f'"{name}"', None, None, make_message(BOB, ANN, "later").encode())
    client.select(f'"{name}"')
    later = int(ITEM.search(client.fetch("*", "(UID)")[1][0]).group(1))
    client.uid("STORE", str(later), "+FLAGS", r"(\Deleted)")
    client.store("1:2", "+FLAGS", r"(\Deleted)")
    client.expunge()
    client.close()
    client.select("INBOX")
    client.store("1:*", "+FLAGS", r"(\Deleted)")
    client.expunge()
    client.logout()

    def run(*words):
        return json.loads(restore(server, vault, "--account", ANN, *words).stdout)[0]

    def contents(of):
        return sorted((sorted(flags), received, sha) for flags, received, sha in of[1].values())

    uid = max(before[name][1])
    told = run("--mailbox", name, "--uid", str(uid))
    assert told["messages"] == 1, told
    now = state(server, ANN)[f"Restored/{date}/{name}"]
    assert contents(now) == [contents((0, {uid: before[name][1][uid]}))[0]], now
    told = run("--message-id", "<two@a.example>")
    assert (told["messages"], told["mailboxes"]) == (1, 1), told
    assert b"Subject: two" in server.messages(ANN, f"Restored/{date}/INBOX")[0]
    told = run()
    assert told["messages"] == sum(len(messages) for _, messages in before.values()) - 2, told
    now = state(server, ANN)
    for box in before:
        assert contents(now[f"Restored/{date}/{box}"]) == contents(before[box]), box

    gone = state(server, ANN)[name]
    known = mod_sequence(server, name)
    told = run("--mailbox", name, "--in-place")
    assert told["messages"] == 2 and told["already_there"] == len(before[name][1]) - 2, told
    back = state(server, ANN)[name]
    assert contents(back) == contents(before[name]) and back[0] == gone[0], back
    assert {uid: back[1][uid] for uid in gone[1]} == gone[1], "what was there changed"
    # A client that has seen UIDs after the backup takes none for another, and its next look shows what came.
    restored = back[1].keys() - gone[1].keys()
    assert later > max(before[name][1]) and min(restored) > later, f"a UID came back: {restored}, seen {later}"
    client = server.imap(ANN)
    client.select(f'"{name}"', readonly=True)
    changed = client.uid("FETCH", "1:*", f"(FLAGS) (CHANGEDSINCE {known})")[1]
    assert {int(ITEM.search(line).group(1)) for line in changed} == restored, (known, changed, restored)
    client.logout()
    assert run("--mailbox", name, "--in-place")["messages"] == 0
    client = server.imap(ANN)
    client.delete(f'"{name}"')
    client.logout()
    server.stop()
    told = run("--mailbox", name, "--in-place")  # on the store itself
    assert told["messages"] == len(before[name][1]), told
    for words, problem in ((("--account", "nobody@a.example"), "no account"),
                           (("--account", ANN, "--mailbox", "None"), "no mailbox"),
                           (("--account", ANN, "--message-id", "none@x"), "no such message")):
        done = restore(server, vault, *words, check=False)
        assert done.returncode == 1 and problem in done.stderr, done.stderr
    done = server.command("fsck")
    assert " 0 problems" in done.stdout, done.stdout
    server.start()
    back = state(server, ANN)[name]
    assert contents(back) == contents(before[name]) and back[0] > before[name][0], back
    print(f"  one account: {told['messages']} messages in place, others below Restored/{date}")


def clock_ahead(server, vault):
    """A backup of a later time than now: the newest is unknown, none is removed, and the exit code says so."""
    names = [row["backup"] for row in server.rows("backup", "--list", vault)]
    later = vault / "backups/20991231T235959.000Z"
    shutil.copy(vault / "backups" / names[-1], later)
    done = server.command("backup", vault, "--keep", "1", check=False)
    assert done.returncode == 1 and f"{later.name}, of a later time than" in done.stderr, done.stderr
    now = [row["backup"] for row in server.rows("backup", "--list", vault)]
    assert len(now) == len(names) + 2 and now[:len(names)] == names, (names, now)
    later.unlink()
    taken = json.loads(server.command("--json", "backup", vault, "--keep", "1").stdout)
    assert taken["pruned"] == now[:-1], (taken, now)


def offline(server, vault):
    """No server runs: the command opens the store itself."""
    server.stop()
    taken = json.loads(server.command("--json", "backup", vault).stdout)
    assert taken["files_new"] < taken["files"], taken
    objects = [path for path in (vault / "objects").rglob("*") if path.is_file()]
    object_file = max(objects, key=lambda path: path.stat().st_size)
    octets = bytearray(object_file.read_bytes())
    octets[len(octets) // 2] ^= 4
    object_file.write_bytes(octets)
    done = server.command("backup", "--verify", vault, check=False)
    assert done.returncode == 1 and object_file.name in done.stderr, done.stderr
    server.command("backup", vault)
    server.command("backup", "--verify", vault)
    server.start()


def main():
    with Server(extra="[relay]\nsmart_host = \"127.0.0.1:9\"\nsmart_host_require_tls = false") as server:
        for user in ANN, BOB:
            server.add_account(user)
        fill(server)
        full_disk(server)
        vault = server.directory / "vault"
        drill(server, vault)
        accounts(server, vault)
        cut_short(server, vault)
        clock_ahead(server, vault)
        offline(server, vault)
        encrypted(server, server.directory / "sealed", vault)
    print("backup: done")


if __name__ == "__main__":
    main()
