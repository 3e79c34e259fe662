"""One `heliopost serve` in a temporary directory, on ports of its own, for tests that use it from outside.

    with Server("a.example", address="127.0.0.2") as server:
        server.command("domain", "add", "a.example")
        server.add_account("ann@a.example")
        ...

HELIOPOST names the program (default: build/release/bin/heliopost). Only standard library.
"""

import imaplib
import json
import os
import pathlib
import poplib
import random
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("HELIOPOST", str(ROOT / "build/release/bin/heliopost"))
STORE_EDIT = os.environ.get("STORE_EDIT", str(pathlib.Path(PROGRAM).parent / "store_edit"))
PASSWORD = "correct-horse-9-staple"
WAIT_SECONDS_MAX = 60
FREE_PORT_TRIES_MAX = 1000


_kept_ports = []


def free_port(address="127.0.0.1"):
    """A port that nobody has, below those that the kernel gives to outgoing connections, and that no other test gets
    while this process lives: an abstract socket of its number keeps it."""
    for _ in range(FREE_PORT_TRIES_MAX):
        port = random.randrange(10_000, 32_000)
        keeper = socket.socket(socket.AF_UNIX)
        try:
            keeper.bind(f"\0heliopost-test-port-{port}")
            with socket.socket() as probe:
                probe.bind((address, port))
        except OSError:
            keeper.close()
            continue
        _kept_ports.append(keeper)
        return port
    raise AssertionError("found no free port")


def wait_for(what, condition, seconds=WAIT_SECONDS_MAX):
    """Gives the condition's first true value; fails when it has none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)  # another process's state: nothing to wait on
    raise AssertionError(f"waited {seconds} s for {what}")


def accepts(address, port):
    try:
        socket.create_connection((address, port), timeout=1).close()
        return True
    except OSError:
        return False


def make_certificate(directory, names):
    """A self-signed certificate that clients of the test trust: (certificate file, key file)."""
    certificate, key = directory / "cert.pem", directory / "key.pem"
    alternatives = ",".join(f"DNS:{n}" for n in names) + ",IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3,IP:127.0.0.4"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={alternatives}",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    return certificate, key


class Server:
    def __init__(self, domain="a.example", address="127.0.0.1", smtp_port=None, extra="", listener=""):
        self.domain, self.address = domain, address
        self.host_name = f"mx.{domain}"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="heliopost-test."))
        self.ports = {name: free_port(address)
                      for name in ("submission", "submissions", "imap", "imaps", "pop3", "pop3s", "lmtp")}
        self.ports["smtp"] = smtp_port or free_port(address)
        self.certificate, self.key = make_certificate(self.directory, [self.host_name, "localhost"])
        self.config = self.directory / "heliopost.toml"
        self.config.write_text(self._configuration(extra, listener))
        self.log = self.directory / "log"
        self.process = None

    def _configuration(self, extra, listener):
        at = lambda name: f'["{self.address}:{self.ports[name]}"]'
        return f"""
[server]
host_name = "{self.host_name}"
data_directory = "{self.directory}/store"
admin_socket = "{self.directory}/admin.sock"
disk_reserve = 1
[tls]
certificates = [{{ certificate = "{self.certificate}", key = "{self.key}" }}]
[smtp]
listen = {at("smtp")}
{listener}
[submission]
listen = {at("submission")}
listen_tls = {at("submissions")}
{listener}
[lmtp]
listen = {at("lmtp")}
{listener}
[imap]
listen = {at("imap")}
listen_tls = {at("imaps")}
{listener}
[pop3]
listen = {at("pop3")}
listen_tls = {at("pop3s")}
{listener}
{extra}
"""

    def start(self):
        log = open(self.log, "ab")
        self.process = subprocess.Popen([PROGRAM, "--config", self.config, "serve"], stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL)
        log.close()

        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log_text()[-3000:]}")
            return all(accepts(self.address, port) for port in self.ports.values())

        wait_for("the server's ports", ready)
        return self

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        code = self.process.wait(timeout=30)
        self.process = None
        if code != 0:
            raise AssertionError(f"the server ended with {code}:\n{self.log_text()[-3000:]}")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is not None:
            sys.stderr.write(f"--- log of {self.domain}\n{self.log_text()[-6000:]}\n---\n")
            self.kill()
        else:
            self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def command(self, *words, stdin=None, check=True, seconds=60):
        done = subprocess.run([PROGRAM, "--config", self.config, *words], input=stdin, capture_output=True, text=True,
                              timeout=seconds)
        if check and done.returncode != 0:
            raise AssertionError(f"heliopost {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def store_edit(self, what, family, *words):
        """Changes the store of a stopped server behind its back: tests/support/store_edit.cc."""
        done = subprocess.run([STORE_EDIT, self.directory / "store", what, family, *words], capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, f"store_edit {what}: {done.stderr}"
        return done.stdout.split()

    def rows(self, *words):
        return json.loads(self.command("--json", *words).stdout)

    def add_account(self, address, *options):
        domain = address.split("@")[1]
        if not any(row["domain"] == domain for row in self.rows("domain", "list")):
            self.command("domain", "add", domain)
        self.command("account", "add", address, "--password-stdin", *options, stdin=PASSWORD + "\n")

    def tls(self):
        return ssl.create_default_context(cafile=str(self.certificate))

    def imap(self, user):
        client = imaplib.IMAP4_SSL(self.address, self.ports["imaps"], ssl_context=self.tls(), timeout=60)
        client.login(user, PASSWORD)
        return client

    def pop3(self, user):
        client = poplib.POP3_SSL(self.address, self.ports["pop3s"], context=self.tls(), timeout=60)
        client.user(user)
        client.pass_(PASSWORD)
        return client

    def submit(self, sender, recipients, message):
        with smtplib.SMTP(self.address, self.ports["submission"], timeout=60) as client:
            client.starttls(context=self.tls())
            client.login(sender, PASSWORD)
            return client.sendmail(sender, recipients, message)

    def messages(self, user, mailbox="INBOX"):
        """Every message of a mailbox, whole, in order."""
        client = self.imap(user)
        try:
            client.select(mailbox, readonly=True)
            _, answer = client.fetch("1:*", "(BODY.PEEK[])")
            return [item[1] for item in answer if isinstance(item, tuple)]
        finally:
            client.logout()

    def wait_for_message(self, user, text, mailbox="INBOX"):
        text = text.encode()
        return wait_for(f"{text!r} for {user}",
                        lambda: next((m for m in self.messages(user, mailbox) if text in m), None))


def make_message(sender, recipient, subject, body="Hello.\r\n"):
    return (f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\n"
            f"Message-ID: <{subject.replace(' ', '-')}@{sender.split('@')[1]}>\r\n"
            f"Date: Mon, 23 Nov 2026 08:15:30 +0000\r\n\r\n{body}")
