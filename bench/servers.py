"""The servers that bench/run measures: Heliopost as released, and as peers Postfix with Dovecot.

All of them listen on loopback, on high ports, with their files in one temporary directory; the system's own
configuration is neither read nor written.
"""

import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/support"))
from server import PASSWORD, Server, accepts, free_port, make_certificate, wait_for  # noqa: E402

USERS = [f"user{i}@a.example" for i in range(8)]
BIG = "big@a.example"  # of the mailbox with 100,000 messages
IDLE = "idle@a.example"
RELAYED = "out@a.example"  # an alias for an address elsewhere
FAR_AWAY = "reader@sink.example"


class Sink:
    """Postfix's smtp-sink: takes all mail, keeps none, and counts it."""

    def __init__(self, directory):
        self.port = free_port()
        self.counts = directory / "sink.txt"
        with open(self.counts, "wb") as out:
            become = ["-u", "nobody"] if os.geteuid() == 0 else []
            self.process = subprocess.Popen([tool("smtp-sink"), *become, "-c", f"127.0.0.1:{self.port}", "1000"],
                                            stdout=out, stderr=subprocess.STDOUT)
        wait_for("smtp-sink", lambda: accepts("127.0.0.1", self.port))

    def messages(self):
        """The last of its running counters: "sess=2 quit=1 mesg=1"."""
        with open(self.counts, "rb") as counts:
            counts.seek(max(0, os.path.getsize(self.counts) - 200))
            found = counts.read().rpartition(b"mesg=")[2].split()
        return int(found[0]) if found else 0

    def stop(self):
        self.process.terminate()
        self.process.wait()


def tool(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SystemExit(f"bench: {name} is not installed: apt-get install postfix (or --no-relay)")
    return found


class Heliopost(Server):
    name = "Heliopost"
    login_password = PASSWORD

    def __init__(self, sink_port):
        relay = f"""[relay]
smart_host = "127.0.0.1:{sink_port}"
smart_host_require_tls = false
connections_per_destination_max = 20
[log]
level = "info"
"""
        super().__init__(domain="a.example", extra=relay)
        text = self.config.read_text()
        for section in ("smtp", "submission", "lmtp", "imap", "pop3"):
            text = text.replace(f"[{section}]\n", f"[{section}]\nconnections_per_address_max = 20000\n")
        self.config.write_text(text)
        self.imaps = f"{self.address}:{self.ports['imaps']}"
        self.smtp = f"{self.address}:{self.ports['smtp']}"
        self.submission = f"{self.address}:{self.ports['submission']}"

    def prepare(self):
        self.command("domain", "add", "a.example")
        for address in [*USERS, BIG, IDLE]:
            self.add_account(address)
        self.command("alias", "add", RELAYED, FAR_AWAY)

    def pids(self):
        return [self.process.pid]

    def restart(self):
        self.stop()
        self.start()

    def queued(self):
        return len(self.rows("queue", "list"))

    def close(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class PostfixDovecot:
    """Postfix takes mail and hands it to Dovecot over LMTP, as a careful administrator sets them up."""

    name = "Postfix + Dovecot"
    login_password = PASSWORD

    def __init__(self, sink_port):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="heliopost-peers."))
        self.directory.chmod(0o755)
        self.ports = {name: free_port() for name in ("smtp", "imaps", "lmtp")}
        self.imaps = f"127.0.0.1:{self.ports['imaps']}"
        self.smtp = f"127.0.0.1:{self.ports['smtp']}"
        self.submission = None
        self.sink_port = sink_port
        self.certificate, self.key = make_certificate(self.directory, ["localhost"])

    def prepare(self):
        self._prepare_dovecot()
        self._prepare_postfix()

    def _prepare_dovecot(self):
        mail = self.directory / "mail"
        mail.mkdir()
        owner = pwd.getpwnam("mail")
        os.chown(mail, owner.pw_uid, owner.pw_gid)
        (self.directory / "dovecot.conf").write_text(f"""
base_dir = {self.directory}/run
state_dir = {self.directory}/run
log_path = {self.directory}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{self.certificate}
ssl_key = <{self.key}
mail_location = mdbox:{mail}/%u
mail_fsync = always
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
mail_max_userip_connections = 100000
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={mail}/%u
}}
service anvil {{
  client_limit = 20000
}}
service auth {{
  client_limit = 20000
}}
service imap-login {{
  service_count = 0
  client_limit = 10000
  process_limit = 2
  process_min_avail = 1
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {self.ports['imaps']}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 5000
}}
service lmtp {{
  inet_listener lmtp {{
    port = {self.ports['lmtp']}
  }}
}}
""")

    def _prepare_postfix(self):
        config = self.directory / "postfix"
        for name in ("postfix", "queue", "data"):
            (self.directory / name).mkdir()
        os.chown(self.directory / "data", pwd.getpwnam("postfix").pw_uid, -1)
        shutil.copy("/etc/postfix/master.cf" if os.path.exists("/etc/postfix/master.cf")
                    else "/usr/share/postfix/master.cf.dist", config / "master.cf")
        master = (config / "master.cf").read_text().splitlines()
        master = [line for line in master if not line.startswith("smtp      inet")]
        master.insert(0, f"127.0.0.1:{self.ports['smtp']} inet n - n - 100 smtpd")
        # Without chroot: the private queue directory has no /etc of its own.
        (config / "master.cf").write_text("\n".join(master).replace(" y       - ", " n       - ") + "\n")
        (config / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {self.directory}/queue
data_directory = {self.directory}/data
myhostname = mx.a.example
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = a.example
virtual_transport = lmtp:inet:127.0.0.1:{self.ports['lmtp']}
virtual_alias_maps = inline:{{ {{ {RELAYED} = {FAR_AWAY} }} }}
relayhost = [127.0.0.1]:{self.sink_port}
message_size_limit = 52428800
mailbox_size_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_recipient_restrictions = permit_mynetworks, reject
smtp_tls_security_level = none
maillog_file = {self.directory}/postfix.log
maillog_file_prefixes = {self.directory}
""")

    def start(self):
        subprocess.run([tool("dovecot"), "-c", self.directory / "dovecot.conf"], check=True)
        subprocess.run([tool("postfix"), "-c", self.directory / "postfix", "start"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # a pipe would stay open in its master
        for name in ("imaps", "smtp"):
            wait_for(name, lambda: accepts("127.0.0.1", self.ports[name]))
        return self

    def stop(self):
        pids = self.pids()
        subprocess.run([tool("postfix"), "-c", self.directory / "postfix", "stop"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        subprocess.run([tool("doveadm"), "-c", self.directory / "dovecot.conf", "stop"])
        wait_for("the end of the peers", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))

    def restart(self):
        self.stop()
        self.start()

    def pids(self):
        files = [self.directory / "run/master.pid", self.directory / "queue/pid/master.pid"]
        return [int(file.read_text()) for file in files if file.exists()]

    def queued(self):
        listed = subprocess.run([tool("postqueue"), "-c", self.directory / "postfix", "-j"], check=True,
                                capture_output=True, text=True)
        return len(listed.stdout.splitlines())

    def close(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
