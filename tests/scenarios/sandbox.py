#!/usr/bin/env python3
"""A server in its sandbox serves mail, and what an intruder would try first is refused: heliopost doctor --sandbox.

The control: the same probes without the sandbox find it missing. Run as root, the server becomes "nobody".
"""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import PROGRAM, Server, accepts, make_message, wait_for  # noqa: E402

USER = "ann@a.example"
ROOT = os.geteuid() == 0
# Kernels older than these lack them; the program says so, and nothing here can test them then.
MISSING = {"this kernel has no Landlock": {"paths", "ports", "cannot list a home directory",
                                           "cannot write a file elsewhere", "cannot listen on another port",
                                           "cannot connect to another port"},
           "needs Landlock version 4": {"ports", "cannot listen on another port", "cannot connect to another port"}}


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def change(server, old, new):
    text = server.config.read_text()
    assert old in text
    server.config.write_text(text.replace(old, new))


def doctor(server):
    done = server.command("--json", "doctor", "--sandbox", check=False)

    return done.returncode, json.loads(done.stdout)


def check_probes(server):
    code, rows = doctor(server)
    excused = set()
    for row in rows:
        for reason, measures in MISSING.items():
            if reason in row["detail"]:
                print(f"  ({row['detail']}: not tested here)")
                excused |= measures
    failed = [row for row in rows if not row["in_force"] and row["measure"] not in excused]
    assert not failed, failed
    assert len(rows) >= 17, rows
    assert excused or code == 0, code
    print(f"  {len(rows)} measures in force, by doctor --sandbox")


def check_running(server):
    for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir():
        its = status(f"{server.process.pid}/task/{task.name}")
        assert its["NoNewPrivs"] == "1" and its["Seccomp"] == "2", its
        if ROOT:
            assert its["Uid"].split()[0] == str(pwd.getpwnam("nobody").pw_uid), its["Uid"]
    print("  every thread of the server: no new privileges, its system calls filtered, not root")


def check_every_thread(server):
    """Landlock holds for the thread that asks for it and for those made after that: there is no other before."""
    if shutil.which("strace") is None:
        print("  (no strace here: when the threads are made is not tested)")
        return
    trace = server.directory / "trace"
    words = ["strace", "-f", "-qq", "-e", "trace=landlock_restrict_self,clone,clone3", "-o", trace]
    tracer = subprocess.Popen([*words, PROGRAM, "--config", server.config, "serve"], stderr=subprocess.DEVNULL)
    try:
        wait_for("the traced server", lambda: all(accepts(server.address, port) for port in server.ports.values()))
        children = pathlib.Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        tracer.wait(timeout=60)
    finally:
        tracer.kill()
    lines = trace.read_text().splitlines()
    asked = [place for place, line in enumerate(lines) if "landlock_restrict_self(" in line and line.endswith("= 0")]
    made = [place for place, line in enumerate(lines) if "clone" in line]
    if not asked:
        print("  (no Landlock here)")
        return
    assert made and asked[0] < made[0], lines[:5]
    print(f"  Landlock before the first of {len(made)} threads: it holds for each")


def check_mail(server):
    server.submit(USER, [USER], make_message(USER, USER, "from the sandbox"))
    server.wait_for_message(USER, "Subject: from the sandbox")
    server.command("reload")
    print("  mail in, mail out, certificates read again")


def check_notify(server):
    """A service manager whose socket has no path, as in some containers, hears that the server is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(30)
        manager.bind(f"\0heliopost-test-{os.getpid()}")
        os.environ["NOTIFY_SOCKET"] = f"@heliopost-test-{os.getpid()}"
        try:
            server.start()
            assert manager.recv(1000) == b"READY=1"
            server.stop()
        finally:
            del os.environ["NOTIFY_SOCKET"]
    print("  the service manager's socket is reached, with a path or without")


def check_server_key(server):
    """heliopost doctor tells what is wrong with the server key."""
    def wrong():
        done = server.command("--json", "doctor", check=False)
        rows = json.loads(done.stdout)
        assert done.returncode == (0 if all(row["good"] for row in rows) else 1), done
        return [row["detail"] for row in rows if not row["good"]], len(rows)

    key = server.directory / "store" / "server.key"
    kept = key.read_bytes()
    assert wrong() == ([], 5), wrong()
    key.chmod(0o644)
    assert f"chmod 600 {key}" in wrong()[0][0], wrong()
    key.chmod(0o600)
    key.write_bytes(os.urandom(32))
    assert "1 of 1 were sealed with another one" in wrong()[0][0], wrong()
    key.write_bytes(kept[:-1])
    assert "31 octets, not 32" in wrong()[0][0], wrong()
    key.unlink()
    assert "put your copy there" in wrong()[0][0], wrong()
    assert not key.exists()
    key.touch(0o600)
    key.write_bytes(kept)
    if ROOT:
        assert "chown nobody" in wrong()[0][0], wrong()
        os.chown(key, pwd.getpwnam("nobody").pw_uid, -1)
    assert wrong() == ([], 5), wrong()


def check_control(server):
    change(server, "[server]", "[server]\nsandbox = false")
    code, _ = doctor(server)
    assert code == 1, "doctor must not be content with sandbox = false"
    server.start()
    its = status(server.process.pid)
    assert its["NoNewPrivs"] == "0" and its["Seccomp"] == "0", its
    server.stop()
    print("  control: without the sandbox none of it is in force")


def main():
    server = Server()
    server.directory.chmod(0o755)
    if ROOT:
        change(server, "[server]", '[server]\nuser = "nobody"')
        os.chown(server.certificate, pwd.getpwnam("nobody").pw_uid, -1)
        os.chown(server.key, pwd.getpwnam("nobody").pw_uid, -1)
    with server:
        server.add_account(USER)
        check_running(server)
        check_mail(server)
        check_probes(server)
        server.command("dkim", "create", "a.example", "--algorithm", "ed25519")
        check_server_key(server)
        server.stop()
        check_server_key(server)
        print("  the server key: what is wrong with it is told, beside a running server and without one")
        check_every_thread(server)
        check_notify(server)
        check_control(server)


if __name__ == "__main__":
    main()
