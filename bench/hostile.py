"""What hostile messages cost: processor time for their delivery and for reading them, and the memory that stays.

The messages are those of tests/attacks. Delivery runs until the mailbox has the message; reading is ENVELOPE,
BODYSTRUCTURE, header, size, and a SEARCH in header and text, over IMAP. A server may refuse a message: that is told.
"""

import imaplib
import json
import pathlib
import smtplib
import ssl
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
from hostile_messages import MESSAGES  # noqa: E402
from servers import USERS, wait_for  # noqa: E402

LOAD = ROOT / "build/release/bin/heliopost_load"
BEGIN, END = "<!-- hostile: begin -->", "<!-- hostile: end -->"
READER = USERS[0]
ITEMS = ("(ENVELOPE)", "(BODYSTRUCTURE)", "(BODY.PEEK[HEADER] RFC822.SIZE)", "(BODY.PEEK[1.MIME])")
WAIT_SECONDS_MAX = 300
imaplib._MAXLINE = 100_000_000


def usage(server):
    done = subprocess.run([LOAD, "usage", "--pid", ",".join(map(str, server.pids()))], capture_output=True, text=True,
                          check=True)
    return json.loads(done.stdout)


def cpu(server, work):
    before = usage(server)["cpu_seconds"]
    given = work()
    return usage(server)["cpu_seconds"] - before, given


def deliver(server, message):
    """Why it was refused, or nothing once the mailbox has it."""
    host, port = server.smtp.rsplit(":", 1)
    with smtplib.SMTP(host, int(port), timeout=WAIT_SECONDS_MAX) as client:
        client.ehlo("client.b.example")
        client.mail("eve@b.example")
        client.rcpt(READER)
        code, text = client.data(message)
    if code != 250:
        return f"{code} {text.decode(errors='replace').splitlines()[0]}"
    wait_for("an empty queue", lambda: server.queued() == 0, WAIT_SECONDS_MAX)
    return ""


def mailbox(server):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host, port = server.imaps.rsplit(":", 1)
    client = imaplib.IMAP4_SSL(host, int(port), ssl_context=context, timeout=WAIT_SECONDS_MAX)
    client.login(READER, server.login_password)
    client.select("INBOX")
    return client


def read(server):
    """What was answered with something else than OK."""
    client = mailbox(server)
    number = client.search(None, "ALL")[1][0].split()[-1].decode()
    refused = [items for items in ITEMS if client.fetch(number, items)[0] != "OK"]
    if client.search(None, "FROM", "nobody", "TEXT", "absent")[0] != "OK":
        refused.append("SEARCH")
    client.logout()
    return refused


def empty(server):
    client = mailbox(server)
    client.store("1:*", "+FLAGS.SILENT", "\\Deleted")
    client.expunge()
    client.logout()


def measure(server):
    """For each message: size, seconds of delivery and of reading, what was refused."""
    rows, before = [], usage(server)
    for one in MESSAGES:
        message = one.make()
        delivery, refused = cpu(server, lambda: deliver(server, message))
        reading, failed = (0.0, []) if refused else cpu(server, lambda: read(server))
        rows.append({"name": one.name, "octets": len(message), "delivery": delivery, "reading": reading,
                     "refused": refused or ", ".join(failed)})
        print(f"  {one.name}: {delivery:.2f} s, {reading:.2f} s {rows[-1]['refused']}", flush=True)
        if not refused:
            empty(server)
    return {"rows": rows, "grown_kib": usage(server)["pss_kib"] - before["pss_kib"]}


def cell(row):
    note = f" ({row['refused']})" if row["refused"] else ""
    return f"{row['delivery']:.2f} s | {row['reading']:.2f} s{note}"


def table(about, results):
    names = list(results)
    lines = [f"Measured on {about['date']}: load average {about['load']:.1f} at the end. Command: "
             f"`{about['command'].strip()}`.", "",
             "| message | size |" + "".join(f" {name}: delivery | reading |" for name in names),
             "| --- | --- |" + " --- | --- |" * len(names)]
    for rows in zip(*(results[name]["rows"] for name in names)):
        lines.append(f"| {rows[0]['name']} | {rows[0]['octets'] / 1e6:.1f} MB | " + " | ".join(map(cell, rows)) + " |")
    grown = (f" {results[name]['grown_kib'] / 1024:.0f} MiB | |" for name in names)
    lines.append("| memory of all processes (proportional), more than at the start | |" + "".join(grown))
    return "\n".join(lines)


def write(text, output):
    page = output.read_text()
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    output.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
