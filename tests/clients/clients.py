#!/usr/bin/env python3
"""Real clients against a whole server, over TLS: curl, swaks, mbsync, neomutt, Python's libraries, Node's.

clients.py NAME runs one of them. A client that is not installed is a failure: ./dev setup test installs all.
"""

import imaplib
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from server import PASSWORD, Server, make_message  # noqa: E402

USER = "ann@a.example"


def run(*words, **options):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def curl(server):
    message = server.directory / "message"
    message.write_text(make_message(USER, USER, "by curl"), newline="")
    base = ["curl", "--silent", "--show-error", "--cacert", server.certificate, "--user", f"{USER}:{PASSWORD}"]
    at = server.address
    run(*base, "--ssl-reqd", "--mail-from", USER, "--mail-rcpt", USER, "--upload-file", message,
        f"smtp://{at}:{server.ports['submission']}")
    run(*base, "--mail-from", USER, "--mail-rcpt", USER, "--upload-file", message,
        f"smtps://{at}:{server.ports['submissions']}")
    got = run(*base, f"imaps://{at}:{server.ports['imaps']}/INBOX;UID=1")
    assert "Subject: by curl" in got, got
    run(*base, "--ssl-reqd", f"imap://{at}:{server.ports['imap']}/INBOX", "--request", "STORE 1 +Flags \\Flagged")
    assert "* SEARCH 1\n" in run(*base, f"imaps://{at}:{server.ports['imaps']}/INBOX?FLAGGED").replace("\r", "")
    run(*base, "--upload-file", message, f"imaps://{at}:{server.ports['imaps']}/Drafts")
    assert len(server.messages(USER, "Drafts")) == 1
    listing = run(*base, f"pop3s://{at}:{server.ports['pop3s']}/")
    assert len(listing.splitlines()) == 2, listing
    got = run(*base, "--ssl-reqd", f"pop3://{at}:{server.ports['pop3']}/2")
    assert "Subject: by curl" in got, got


def swaks(server):
    def send(*options):
        return run("swaks", "--from", USER, "--to", USER, "--ehlo", "client.example", *options)

    at = f"{server.address}"
    login = ["--auth-user", USER, "--auth-password", PASSWORD]
    send("--server", f"{at}:{server.ports['submission']}", "-tls", "--auth", "PLAIN", *login)
    send("--server", f"{at}:{server.ports['submissions']}", "-tlsc", "--auth", "LOGIN", *login)
    send("--server", f"{at}:{server.ports['smtp']}", "-tls")
    run("swaks", "--from", "x@elsewhere.example", "--to", USER, "--protocol", "LMTP", "--server",
        f"{at}:{server.ports['lmtp']}")
    assert len(server.messages(USER)) == 4
    refused = subprocess.run(
        ["swaks", "--from", "x@elsewhere.example", "--to", "y@elsewhere.example", "--server",
         f"{at}:{server.ports['smtp']}"], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 24 and "550 5.7.1" in refused.stdout, refused.stdout


def python_libraries(server):
    for number in range(3):
        server.submit(USER, [USER], make_message(USER, USER, f"python {number}"))
    client = server.imap(USER)
    assert client.select("INBOX")[1] == [b"3"]
    assert client.search(None, "SUBJECT", '"python 1"')[1] == [b"2"]
    assert client.create("Projects/Heliopost")[0] == "OK"
    assert client.copy("1:2", "Projects/Heliopost")[0] == "OK"
    assert client.store("3", "+FLAGS", "(\\Deleted)")[0] == "OK"
    assert client.expunge()[1] == [b"3"]
    assert client.append("Sent", "(\\Seen)", imaplib.Time2Internaldate(0), b"Subject: kept\r\n\r\nx\r\n")[0] == "OK"
    assert client.status("Projects/Heliopost", "(MESSAGES UIDNEXT)")[1] == [
        b"Projects/Heliopost (MESSAGES 2 UIDNEXT 3)"]
    client.logout()
    pop = server.pop3(USER)
    assert pop.stat()[0] == 2
    ids = pop.uidl()[1]
    assert b"Subject: python 0" in b"\n".join(pop.retr(1)[1])
    pop.dele(1)
    pop.quit()
    pop = server.pop3(USER)
    assert [line.split()[1] for line in pop.uidl()[1]] == [ids[1].split()[1]]
    pop.quit()


def mbsync(server):
    for number in range(5):
        server.submit(USER, [USER], make_message(USER, USER, f"sync {number}"))
    local = server.directory / "maildir"
    local.mkdir()
    configuration = server.directory / "mbsyncrc"
    configuration.write_text(f"""IMAPAccount test
Host localhost
Port {server.ports['imaps']}
User {USER}
Pass {PASSWORD}
SSLType IMAPS
SystemCertificates no
CertificateFile {server.certificate}

IMAPStore far
Account test

MaildirStore near
Path {local}/
Inbox {local}/INBOX
SubFolders Verbatim

Channel test
Far :far:
Near :near:
Patterns INBOX Archive
Create Both
Expunge Both
SyncState *
""")

    def sync():
        run("mbsync", "-c", configuration, "-a")

    def near(mailbox):
        return [m for part in ("cur", "new") for m in (local / mailbox / part).iterdir()]

    sync()
    assert len(near("INBOX")) == 5
    # From here: one seen, one deleted, one new one in Archive. From there: one flagged.
    messages = sorted(near("INBOX"))
    messages[0].rename(local / "INBOX/cur" / (messages[0].name.split(":")[0] + ":2,S"))
    messages[1].unlink()
    (local / "Archive/new/1.made.here").write_bytes(make_message(USER, USER, "made here").encode())
    client = server.imap(USER)
    client.select("INBOX")
    client.store("5", "+FLAGS", "(\\Flagged)")
    client.logout()
    sync()
    client = server.imap(USER)
    assert client.select("INBOX")[1] == [b"4"]
    assert len(client.search(None, "SEEN")[1][0].split()) == 1
    assert client.select("Archive")[1] == [b"1"]
    client.logout()
    assert any(m.name.endswith(":2,F") for m in near("INBOX")), near("INBOX")
    sync()
    assert len(near("INBOX")) == 4


def neomutt(server):
    server.submit(USER, [USER], make_message(USER, USER, "for neomutt"))
    home = server.directory / "home"
    home.mkdir()
    # RFC 6186 has no place for a test's ports: all is said. It tags what it sees, saves it, and sends one.
    (home / "neomuttrc").write_text(f"""set folder = "imaps://{server.address}:{server.ports['imaps']}/"
set imap_user = "{USER}"
set imap_pass = "{PASSWORD}"
set spoolfile = "+INBOX"
set smtp_url = "smtps://{USER}@{server.address}:{server.ports['submissions']}/"
set smtp_pass = "{PASSWORD}"
set certificate_file = "{server.certificate}"
set ssl_verify_host = no
set from = "{USER}"
set realname = "Ann"
set record = ""
set confirmappend = no
set delete = yes
set quit = yes
set mail_check = 0
set header_cache = ""
""")
    environment = dict(os.environ, HOME=str(home), TERM="xterm")
    send = subprocess.run(["neomutt", "-F", home / "neomuttrc", "-s", "from neomutt", USER], input="Hello.\n",
                          capture_output=True, text=True, timeout=120, env=environment)
    assert send.returncode == 0, send.stdout + send.stderr
    server.wait_for_message(USER, "Subject: from neomutt")
    keys = "push '<tag-pattern>~s neomutt$<enter><tag-prefix><save-message>=Archive<enter><sync-mailbox><quit>'"
    # script(1) gives it the terminal it insists on.
    subprocess.run(["script", "-qec", f"neomutt -F {home}/neomuttrc -e \"{keys}\"", "/dev/null"], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=120, env=environment)
    assert len(server.messages(USER, "Archive")) == 2
    assert not server.messages(USER)


def node(server):
    given = {"address": server.address, "ports": server.ports, "user": USER, "password": PASSWORD,
             "certificate": str(server.certificate), "host": server.host_name}
    path = subprocess.run([HERE.parents[1] / "tools/node_path"], capture_output=True, text=True, check=True).stdout
    environment = dict(os.environ, HELIOPOST_TEST=json.dumps(given), PATH=path.strip() + ":" + os.environ["PATH"])
    print(run("node", HERE / "node_clients.mjs", env=environment), end="")


CLIENTS = {"curl": curl, "swaks": swaks, "python": python_libraries, "mbsync": mbsync, "neomutt": neomutt,
           "node": node}


def main():
    for name in sys.argv[1:] or CLIENTS:
        with Server() as server:
            server.add_account(USER)
            CLIENTS[name](server)
        print(f"{name}: done", flush=True)


if __name__ == "__main__":
    main()
