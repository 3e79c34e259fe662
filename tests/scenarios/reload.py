#!/usr/bin/env python3
"""reload and SIGHUP: what can change in a running server does, what cannot is named, a broken file changes nothing.

Then `account remove`: the mail goes, in a running server and with none.
"""

import pathlib
import shutil
import signal
import smtplib
import socket
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import Server, make_certificate, make_message, wait_for  # noqa: E402

USER = "ann@a.example"


def announced_size(server):
    with smtplib.SMTP(server.address, server.ports["smtp"], timeout=30) as client:
        client.ehlo()
        return int(client.esmtp_features["size"])


def shown_certificate(server, port="imaps"):
    with socket.create_connection((server.address, server.ports[port]), timeout=30) as plain:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(plain) as tls:
            return tls.getpeercert(binary_form=True)


def change(server, old, new):
    text = server.config.read_text()
    assert old in text, old
    server.config.write_text(text.replace(old, new, 1))


def limits_and_restart(server):
    assert announced_size(server) == 50 << 20
    change(server, "[smtp]\n", '[smtp]\nmessage_octets_max = "1MiB"\n')
    change(server, "[server]\n", "[server]\nthreads = 3\n")
    change(server, "[submission]\nlisten = [", '[submission]\nlisten = ["127.0.0.1:1", ')
    done = server.command("reload")
    assert done.stdout.splitlines() == ["reloaded", "server.threads: takes effect after a restart",
                                        "submission.listen: takes effect after a restart"], done.stdout
    wait_for("the new limit", lambda: announced_size(server) == 1 << 20)
    # What waits is told again; what is done is not.
    assert server.rows("reload") == [{"key": "server.threads", "takes_effect": "after a restart"},
                                     {"key": "submission.listen", "takes_effect": "after a restart"}]
    change(server, "threads = 3\n", "")
    change(server, '"127.0.0.1:1", ', "")
    assert server.rows("reload") == []


def sighup(server):
    change(server, '"1MiB"', '"2MiB"')
    server.process.send_signal(signal.SIGHUP)
    wait_for("the new limit", lambda: announced_size(server) == 2 << 20)


def log_level(server):
    server.config.write_text(server.config.read_text() + '[log]\nlevel = "error"\nformat = "json"\n')
    assert server.rows("reload") == [{"key": "log.format", "takes_effect": "now"},
                                     {"key": "log.level", "takes_effect": "now"}]
    before = server.log_text()
    announced_size(server)
    server.submit(USER, [USER], make_message(USER, USER, "silent"))
    assert server.log_text() == before
    change(server, '[log]\nlevel = "error"\nformat = "json"\n', "")
    server.command("reload")
    server.submit(USER, [USER], make_message(USER, USER, "logged"))
    assert "event=accepted" in server.log_text()[len(before):]


def certificates(server):
    old = shown_certificate(server)
    folder = server.directory / "next"
    folder.mkdir()
    certificate, key = make_certificate(folder, ["next.a.example"])
    change(server, f'"{server.certificate}"', f'"{certificate}"')
    broken = server.command("reload", check=False)  # the key is still the old one
    assert broken.returncode == 1 and "does not belong" in broken.stderr, broken
    assert shown_certificate(server) == old
    change(server, f'"{server.key}"', f'"{key}"')
    assert server.rows("reload") == [{"key": "tls.certificates", "takes_effect": "now"}]
    new = shown_certificate(server)
    assert new != old
    assert shown_certificate(server, "pop3s") == new
    shutil.copy(certificate, server.certificate)
    shutil.copy(key, server.key)


def broken_file(server):
    text = server.config.read_text()
    before = announced_size(server)
    server.config.write_text(text.replace('"2MiB"', '"3MiB"') + "\n[imap]\nlistne = []\n")
    done = server.command("reload", check=False)
    # The client reads the file too, and says the same.
    assert done.returncode == 78 and "heliopost.toml" in done.stderr, done
    server.process.send_signal(signal.SIGHUP)
    wait_for("the refusal", lambda: "reload failed: the settings stay as they were" in server.log_text())
    assert announced_size(server) == before
    server.config.write_text(text)
    assert server.rows("reload") == []


def remove_account(server):
    server.add_account("ben@a.example")
    server.submit(USER, ["ben@a.example", USER], make_message(USER, "ben@a.example", "shared"))
    server.wait_for_message("ben@a.example", "shared")
    server.command("account", "remove", "ben@a.example")
    wait_for("the mail to go", lambda: "event=account.erased" in server.log_text())
    assert server.wait_for_message(USER, "Subject: shared")
    server.stop()
    server.add_account("cat@a.example")
    server.command("account", "remove", "cat@a.example")  # without a server: at the next start
    server.start()
    wait_for("the rest", lambda: server.log_text().count("event=account.erased") >= 2)
    assert [row["address"] for row in server.rows("account", "list")] == [USER]
    assert server.wait_for_message(USER, "Subject: shared")
    server.stop()
    done = server.command("fsck")
    assert done.returncode == 0, done.stdout
    server.start()


def main():
    with Server() as server:
        server.add_account(USER)
        for scenario in (limits_and_restart, sighup, log_level, certificates, broken_file, remove_account):
            print(scenario.__name__, flush=True)
            scenario(server)
    print("good")


main()
