"""One Postfix that takes mail for a domain into Maildirs and asks milters about it. It needs root; nothing of the
system's own configuration is read but the list of its services.

Judges of SPF let whatever is loopback pass: so a client at 127.0.0.N is for Postfix and its milters one at 192.0.2.N,
by the PROXY protocol, which a relay in front of it speaks.
"""

import grp
import os
import pathlib
import pwd
import signal
import socket
import socketserver
import subprocess
import threading

from mail_judges import program
from server import accepts, free_port, wait_for

NOBODY = 65534
PIECE_OCTETS = 65_536
STOP_LOOK_SECONDS = 0.02  # how often socketserver looks whether it is to stop


def as_seen(address):
    return address.replace("127.0.0.", "192.0.2.")


class Front(socketserver.ThreadingTCPServer):
    """Hands each connection on to a port of 127.0.0.1, with its client's address in front."""

    daemon_threads = True

    def __init__(self, address, port, behind):
        class Connection(socketserver.BaseRequestHandler):
            def handle(self):
                with socket.create_connection(("127.0.0.1", behind)) as to:
                    client, own = self.client_address, self.request.getsockname()
                    to.sendall(f"PROXY TCP4 {as_seen(client[0])} {as_seen(own[0])} {client[1]} {own[1]}\r\n".encode())
                    back = threading.Thread(target=pump, args=(to, self.request), daemon=True)
                    back.start()
                    pump(self.request, to)
                    back.join()

        super().__init__((address, port), Connection)
        threading.Thread(target=self.serve_forever, args=(STOP_LOOK_SECONDS,), daemon=True).start()


def pump(source, sink):
    try:
        while octets := source.recv(PIECE_OCTETS):
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other side has left


class Postfix:
    def __init__(self, directory, domain, address, port, milters=()):
        self.directory, self.address, self.port = directory / "postfix", address, port
        self.behind = free_port()
        self.host_name = f"mx.{domain}"
        for name in ("config", "queue", "queue/pid", "data", "mail"):
            (self.directory / name).mkdir(parents=True)
        for path in (directory, self.directory):
            path.chmod(0o755)
        os.chown(self.directory / "data", pwd.getpwnam("postfix").pw_uid, -1)
        os.chown(self.directory / "mail", NOBODY, NOBODY)
        self._make_queue()
        self._write_services()
        (self.directory / "config/main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {self.directory}/queue
data_directory = {self.directory}/data
maillog_file = {self.directory}/log
maillog_file_prefixes = {self.directory}
myhostname = {self.host_name}
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 192.0.2.1
smtpd_peername_lookup = no
smtpd_upstream_proxy_protocol = haproxy
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_milters = {", ".join(f"inet:127.0.0.1:{milter.port}" for milter in milters)}
milter_default_action = tempfail
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {self.directory}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{NOBODY}
virtual_gid_maps = static:{NOBODY}
""")
        for name in ("main.cf", "master.cf"):  # a file that has just been written is read until it has aged
            os.utime(self.directory / "config" / name, (0, 0))

    def _make_queue(self):
        """As the script of `postfix start` would, which takes two seconds."""
        owner, group = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
                     "saved", "trace"):
            (self.directory / "queue" / name).mkdir(mode=0o700)
            os.chown(self.directory / "queue" / name, owner, -1)
        for name, mode in (("maildrop", 0o1730), ("public", 0o2710)):
            (self.directory / "queue" / name).mkdir()
            os.chown(self.directory / "queue" / name, owner, group)
            (self.directory / "queue" / name).chmod(mode)

    def _write_services(self):
        usual = pathlib.Path("/etc/postfix/master.cf")
        services = usual if usual.exists() else pathlib.Path("/usr/share/postfix/master.cf.dist")
        lines = [line for line in services.read_text().splitlines() if not line.startswith("smtp      inet")]
        lines.insert(0, f"127.0.0.1:{self.behind} inet n - n - 100 smtpd")
        # Without chroot: the private queue directory has no /etc of its own.
        (self.directory / "config/master.cf").write_text("\n".join(lines).replace(" y       - ", " n       - ") + "\n")

    def __enter__(self):
        folder = subprocess.run([program("postconf"), "-h", "-c", self.directory / "config", "daemon_directory"],
                                check=True, capture_output=True, text=True).stdout.strip()
        self.master = subprocess.Popen([f"{folder}/master", "-c", self.directory / "config", "-d"],
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        wait_for("postfix", lambda: accepts("127.0.0.1", self.behind))
        self.front = Front(self.address, self.port, self.behind)
        return self

    def __exit__(self, *_):
        self.front.shutdown()
        self.front.server_close()
        # At once, its children with it: it would take two seconds to end, and all that it has is this test's.
        os.killpg(self.master.pid, signal.SIGKILL)
        self.master.wait(timeout=30)

    def log_text(self):
        log = self.directory / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def message(self, line):
        """The one that came with this line, with the line ends of the net."""
        def found():
            texts = [path.read_bytes() for path in (self.directory / "mail/box/new").glob("*")]
            return next((text for text in texts if f"\n{line}\n".encode() in text), None)

        return wait_for(f"{line} at Postfix", found).replace(b"\n", b"\r\n")
