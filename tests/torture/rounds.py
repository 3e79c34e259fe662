"""A server that is killed under load, and rounds of that: what crash, power_cut and disk_faults share.

HELIOPOST names the program; it is read when this is imported.
"""

import os
import pathlib
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "support")]
from check import PROMISES, Check  # noqa: E402
from clients import Imap, Refused  # noqa: E402
from ledger import Ledger  # noqa: E402
from load import ACCOUNTS, MAILBOXES, Load  # noqa: E402
from server import PASSWORD, PROGRAM, Server  # noqa: E402

LOAD_SECONDS = (0.3, 1.8)
START_SECONDS_MAX = 30
KILL_WHILE_STARTING = 0.15  # of the rounds begin with a start that is killed as well
EVERY_BODY_ROUNDS = 10
NEGATIVE_ROUNDS = 3


def can_unshare():
    """Whether the server can have a PID namespace, whose end is the end of every process in it."""
    return subprocess.run(["unshare", "--pid", "--fork", "--kill-child", "true"], capture_output=True).returncode == 0


class KilledServer(Server):
    """Its kill is SIGKILL for all of its processes at once; its start waits for READY=1, not for ports."""

    def __init__(self):
        super().__init__(domain="a.example", extra="[log]\nlevel = \"warning\"\n")
        text = self.config.read_text()
        for section in ("smtp", "lmtp", "imap"):
            text = text.replace(f"[{section}]\n", f"[{section}]\nconnections_per_address_max = 1000\n")
        self.config.write_text(text)
        self.prefix = ["unshare", "--pid", "--fork", "--kill-child"] if can_unshare() else []
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(self.directory / "notify.sock"))
        self.environment = {**os.environ, "NOTIFY_SOCKET": str(self.directory / "notify.sock")}

    def spawn(self):
        while select.select([self.notify], [], [], 0)[0]:
            self.notify.recv(4096)  # of a server that is gone
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, PROGRAM, "--config", self.config, "serve"], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=self.environment)

    def start(self):
        self.spawn()
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end:
            if select.select([self.notify], [], [], 0.05)[0]:
                if b"READY=1" in self.notify.recv(4096):
                    return self
            elif self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log_text()[-3000:]}")
        raise AssertionError(f"the server did not start in {START_SECONDS_MAX} s:\n{self.log_text()[-3000:]}")

    @staticmethod
    def may_say(_refusal):
        """Whether a client may be told so during the load."""
        return False

    def server_pid(self):
        """The server itself: the first process of its namespace, or the one that we started."""
        if not self.prefix:
            return self.process.pid
        if self.process.poll() is not None:
            return None
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def kill(self):
        if self.process is None:
            return
        pid = self.server_pid()
        if self.process.poll() is None:
            os.kill(pid if pid is not None else self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self):
        """SIGTERM: it drains and says that all is well."""
        os.kill(self.server_pid(), signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self.process = None
        if code != 0:
            raise AssertionError(f"the server ended with {code}:\n{self.log_text()[-3000:]}")


class Run:
    def __init__(self, server, seed):
        self.server = server
        self.seed = seed
        self.draw = random.Random(seed)
        self.ledger = server.ledger = Ledger()
        self.check = Check(server, PASSWORD, self.ledger)
        self.kills = 0
        self.open_seconds_max = 0.0

    def prepare(self):
        self.server.command("domain", "add", "a.example")
        for account in ACCOUNTS:
            self.server.add_account(account)
        self.server.start()
        for account in ACCOUNTS:
            client = Imap(self.server.address, self.server.ports["imaps"], account, PASSWORD)
            have = b"\n".join(text for text, _ in client.command('LIST "" "*"')[0])
            for mailbox in MAILBOXES:
                if mailbox.encode() not in have:
                    client.command(f'CREATE "{mailbox}"')
            client.close()

    def kill_under_load(self, number):
        """The seconds of load, and what broke without a kill."""
        load = Load(self.server, PASSWORD, self.ledger, number, self.seed)
        load.start()
        seconds = self.draw.uniform(*LOAD_SECONDS)
        time.sleep(seconds)  # the random moment: no event is meant
        load.stop.set()
        self.server.kill()
        self.kills += 1
        load.join()
        return seconds, load.broken

    def restart(self):
        if self.draw.random() < KILL_WHILE_STARTING:
            self.server.spawn()
            time.sleep(self.draw.uniform(0, 0.3))
            self.server.kill()
            self.kills += 1
        begin = time.monotonic()
        self.server.start()
        client = Imap(self.server.address, self.server.ports["imaps"], ACCOUNTS[0], PASSWORD)
        client.select(MAILBOXES[0])
        client.close()
        self.open_seconds_max = max(self.open_seconds_max, time.monotonic() - begin)

    def round(self, number, last):
        """False when a promise was broken."""
        before = dict(self.ledger.acknowledgements)
        seconds, broken = self.kill_under_load(number)
        ambiguous = sum(1 for c in self.ledger.copies.values()
                        if not c.gone and (c.pending or not c.acknowledged))
        self.restart()
        begin = time.monotonic()
        self.check.run(every_body=last or number % EVERY_BODY_ROUNDS == 0)
        if not self.check.failed():
            self.check.trim()
        done = {k: v - before.get(k, 0) for k, v in sorted(self.ledger.acknowledgements.items())}
        print(f"round {number}: killed after {seconds:.2f} s of load; acknowledged "
              + " ".join(f"{k} {v}" for k, v in done.items())
              + f"; ambiguous {ambiguous}; checked in {time.monotonic() - begin:.2f} s", flush=True)
        unexpected = [text for text in broken + self.ledger.refusals if not self.server.may_say(text)]
        self.ledger.refusals.clear()
        for text in unexpected[:5]:
            print(f"  unexpected: {text}", flush=True)
        return not (self.check.failed() or unexpected)

    def fsck(self):
        """With the server down, as after a clean end."""
        self.server.stop()
        done = self.server.command("fsck", check=False, seconds=900)  # the mail of all rounds
        print(f"fsck: {(done.stdout + done.stderr).strip()}")
        return done.returncode == 0

    def summary(self):
        total = sum(self.ledger.acknowledgements.values())
        print(f"{self.kills} kills, {total} acknowledgements ({len(self.ledger.messages)} messages sent), "
              f"{self.check.bodies} bodies compared, "
              f"slowest start until a mailbox was open {self.open_seconds_max:.2f} s")
        for promise in PROMISES:
            findings = self.check.findings[promise]
            print(f"  {promise}: {len(findings)}")
            for text in findings[:10]:
                print(f"    {text}")


def play(make_server, arguments, open_seconds_max=START_SECONDS_MAX):
    """All rounds, and what came of them: the exit code. negative: a run succeeds when it is caught."""
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}, program {PROGRAM}", flush=True)
    server = make_server()
    run = Run(server, seed)
    good = True
    begin = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # and the server with it
    rounds = NEGATIVE_ROUNDS if arguments.negative else arguments.rounds
    try:
        run.prepare()
        for number in range(1, rounds + 1):
            try:
                good = run.round(number, last=number == rounds)
            except (AssertionError, Refused) as error:
                if not arguments.negative:
                    raise
                run.check.add("lost", f"the store or its accounts: {error}")
            if run.check.failed() or (not good and not arguments.negative):
                break
        if good and not arguments.negative:
            good = run.fsck()
    finally:
        server.kill()
        if good and not arguments.keep or arguments.negative:
            shutil.rmtree(server.directory, ignore_errors=True)
        else:
            print(f"the store is left in {server.directory}")
    run.summary()
    if run.open_seconds_max > open_seconds_max:
        print(f"a start took {run.open_seconds_max:.1f} s, {open_seconds_max} s are allowed")
        good = False
    print(f"{time.monotonic() - begin:.0f} s")
    if arguments.negative:
        caught = any(run.check.findings[promise] for promise in ("lost", "torn"))
        print("caught" if caught else "NOT caught: this test would not notice a server that loses mail")
        return 0 if caught else 1
    return 0 if good else 1
