"""Other people's programs that judge a message by its signatures, its path and its author: rspamd, opendkim, opendmarc.

Each runs with a configuration of the test's own, in its directory, on a free port, and asks the DNS server of the
test. what_lacks() says in a line what is not installed here.
"""

import json
import os
import pathlib
import shutil
import subprocess
import urllib.request

from server import PROGRAM, accepts, free_port, wait_for

RESOLVER_PORT = pathlib.Path(PROGRAM).parent / "resolver_port.so"
RSPAMD_PLUGINS = pathlib.Path("/usr/share/rspamd/plugins")
RSPAMD = """
options {{ pidfile = "{directory}/pid"; tempdir = "{directory}"; control_socket = "{directory}/rspamd.sock mode=0600";
  filters = "dkim"; local_addrs = []; explicit_modules = ["none"]; disable_hyperscan = true;
  url_tld = "{directory}/suffixes"; dns {{ nameserver = ["127.0.0.1:{names}:1"]; timeout = 5s; }} }}
logging {{ type = "console"; level = "warning"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
{modules}
dkim {{ dkim_cache_size = 10; }}
spf {{ spf_cache_size = 10; }}
arc {{ sign_local = false; sign_authenticated = false; }}
dmarc {{ }}
{extra}
"""


def program(name):
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


def what_lacks(*names):
    missing = [name for name in names if program(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


class Judge:
    """A process in the foreground with its log, ended by its pid."""

    def __init__(self, name, directory, port):
        self.name, self.directory, self.port = name, directory, port
        self.process = None

    def start(self, words, **options):
        with open(self.directory / f"{self.name}.log", "wb") as log:
            self.process = subprocess.Popen([program(self.name), *words], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, **options)

        def ready():
            assert self.process.poll() is None, self.log_text()
            return accepts("127.0.0.1", self.port)

        wait_for(self.name, ready)
        return self

    def log_text(self):
        return (self.directory / f"{self.name}.log").read_text(errors="replace")[-3000:]

    def __exit__(self, *_):
        # A milter looks only every five seconds whether it is to end, and has nothing to lose.
        self.process.kill()
        self.process.wait(timeout=30)


class Rspamd(Judge):
    """Its checks of signatures alone, and some plugins: the whole of its configuration takes long to start."""

    def __init__(self, directory, names, plugins=("arc", "spf", "dmarc"), extra=""):
        super().__init__("rspamd", directory, free_port())
        (directory / "suffixes").write_text("example\ntest\n")
        paths = " ".join(f'path = "{RSPAMD_PLUGINS}/{plugin}.lua";' for plugin in plugins)
        modules = f"modules {{ {paths} }}" if paths else ""
        (directory / "rspamd.conf").write_text(
            RSPAMD.format(directory=directory, names=names.port, port=self.port, modules=modules, extra=extra))

    def __enter__(self):
        return self.start(["-f", "-i", "-c", self.directory / "rspamd.conf", "--var", f"DBDIR={self.directory}",
                           "--var", f"RUNDIR={self.directory}"])

    def __exit__(self, *_):
        self.process.terminate()  # its workers with it
        self.process.wait(timeout=30)

    def symbols(self, text, ip, helo, sender, recipient):
        """{name: options} of what it found."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/checkv2", data=text, headers={
            "IP": ip, "Helo": helo, "From": sender, "Rcpt": recipient})
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = json.load(answer)["symbols"]
        return {name: one.get("options", []) for name, one in found.items()}


def resolver_of_opendkim(directory, names):
    """The lines of its configuration that send it to the test's DNS server."""
    (directory / "unbound.conf").write_text(
        'server:\n  do-not-query-localhost: no\n  module-config: "iterator"\n'
        f'forward-zone:\n  name: "."\n  forward-addr: 127.0.0.1@{names.port}\n')
    (directory / "anchor").touch()
    return [f"ResolverConfiguration {directory}/unbound.conf", f"TrustAnchorFile {directory}/anchor"]


class OpenDkim(Judge):
    """The milter: as a verifier, or as a signer with Domain, Selector and KeyFile."""

    def __init__(self, directory, names, host_name, *settings):
        super().__init__("opendkim", directory, free_port())
        (directory / "opendkim.conf").write_text("\n".join((
            "Syslog no", f"Socket inet:{self.port}@127.0.0.1", f"AuthservID {host_name}", "RequireSafeKeys no",
            *resolver_of_opendkim(directory, names), *(settings or ["Mode v"]), "")))

    def __enter__(self):
        return self.start(["-f", "-x", self.directory / "opendkim.conf"])


class OpenDmarc(Judge):
    """The milter, behind opendkim whose results it takes; SPF it asks itself. It refuses what the policy says."""

    def __init__(self, directory, names, host_name):
        super().__init__("opendmarc", directory, free_port())
        (directory / "ignored_hosts").write_text("192.0.2.1\n")  # by default 127.0.0.1
        self.names = names
        (directory / "opendmarc.conf").write_text("\n".join((
            "Syslog no", f"Socket inet:{self.port}@127.0.0.1", f"AuthservID {host_name}",
            f"TrustedAuthservIDs {host_name}", f"IgnoreHosts {directory}/ignored_hosts", "RejectFailures yes",
            "SPFIgnoreResults yes", "SPFSelfValidate yes", "")))

    def __enter__(self):
        environment = {**os.environ, "LD_PRELOAD": str(RESOLVER_PORT), "RESOLVER_PORT": str(self.names.port)}
        return self.start(["-f", "-c", self.directory / "opendmarc.conf"], env=environment)
