#!/usr/bin/env python3
"""Our domains sign their mail, and others believe it: keys made, published and seen through real DNS, signatures read
by dkimpy and opendkim; then the other way round. A lost server key; rotation; a backup's reminder.
"""

import base64
import pathlib
import shutil
import smtplib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from mail_judges import program, resolver_of_opendkim, what_lacks  # noqa: E402
from name_server import NameServer  # noqa: E402
from server import Server, wait_for  # noqa: E402

DKIMPY = """
import sys, dkim, dns.resolver
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = ["127.0.0.1"], int(sys.argv[1])
text = lambda name, timeout=5: b"".join(next(iter(resolver.resolve(name.decode().rstrip("."), "TXT"))).strings)
message = sys.stdin.buffer.read()
signed = dkim.DKIM(message)
count = sum(name.lower() == b"dkim-signature" for name, _ in signed.headers)
def verdict(i):
    try:
        return signed.verify(idx=i, dnsfunc=text)
    except dkim.DKIMException:
        return False
print(*map(verdict, range(count)))
"""
ZONE_LINE = "._domainkey.a.example. IN TXT "


def say(what):
    print(f"  {what}", flush=True)


def message(subject, sender="ann@a.example", recipient="bob@a.example", word="Hello"):
    return "\r\n".join([f"From: Ann <{sender}>", f"To: {recipient}", f"Subject: {subject}",
                        "Date: Mon, 23 Nov 2026 10:00:00 +0000", f"Message-ID: <{subject}@test.example>",
                        "MIME-Version: 1.0", "", f"{word},  Bob ", "", "how are you?", "", ""]).encode()


def split(text):
    return [text[i:i + 255] for i in range(0, len(text), 255)]


def rows(server, *words):
    return server.rows("dkim", *words)


def publish(names, made):
    for row in made:
        names.records[row["record_name"]] = [("TXT", row["record_text"])]


def submit(server, text):
    server.submit("ann@a.example", ["bob@a.example"], text)


def stored(server, subject, user="bob@a.example"):
    found = [text for text in server.messages(user) if f"Subject: {subject}\r\n".encode() in text]
    assert len(found) == 1, (subject, len(found), server.log_text()[-3000:])
    return found[0]


def by_dkimpy(names, text):
    """What dkimpy says of each signature, "True True"; None where it is not here."""
    if subprocess.run(["/usr/bin/python3", "-c", "import dkim, dns"], capture_output=True).returncode != 0:
        return None
    return subprocess.run(["/usr/bin/python3", "-c", DKIMPY, str(names.port)], input=text, check=True,
                          capture_output=True).stdout.decode().strip()


def opendkim(directory, text, *settings):
    """What opendkim would add to the message; None where it is not here."""
    if what_lacks("opendkim"):
        return None
    (directory / "opendkim.conf").write_text("\n".join(("Syslog no", *settings, "")))
    (directory / "message.eml").write_bytes(text)
    run = subprocess.run([program("opendkim"), "-x", directory / "opendkim.conf", "-v", "-v", "-t",
                          directory / "message.eml"], timeout=60, capture_output=True, text=True)
    assert run.returncode == 0 and "INSHEADER" in run.stdout, run
    return run.stdout


def by_opendkim(directory, names, text):
    """Its Authentication-Results."""
    return opendkim(directory, text, "Mode v", "AlwaysAddARHeader yes", *resolver_of_opendkim(directory, names))


def signed_by_opendkim(directory, key, text):
    said = opendkim(directory, text, "Mode s", "Domain bank.example", "Selector s1", f"KeyFile {key}",
                    "RequireSafeKeys no")
    if said is None:
        return None
    value = said.split("hname='DKIM-Signature' hvalue='")[1].split("'")[0]
    return b"DKIM-Signature: " + value.replace("\n", "\r\n").encode() + b"\r\n" + text


def signed_by_dkimpy(directory, key, text):
    if what_lacks("dkimsign"):
        return None
    return subprocess.run(["/usr/bin/python3", program("dkimsign"), "s1", "bank.example", key], input=text, check=True,
                          capture_output=True).stdout


def believed(directory, names, text, signatures):
    """Who believed them all."""
    who = []
    said = by_dkimpy(names, text)
    if said is not None:
        assert said == " ".join(["True"] * signatures), said
        assert "True" not in by_dkimpy(names, text.replace(b"how are", b"who are"))
        who.append("dkimpy")
    said = by_opendkim(directory, names, text)
    if said is not None:
        assert said.count("dkim=pass") == signatures, said
        assert "dkim=pass" not in by_opendkim(directory, names, text.replace(b"how are", b"who are"))
        who.append("opendkim")
    return " and ".join(who) if who else "nobody (no dkimpy, no opendkim here)"


def made_and_published(server, names, directory):
    submit(server, message("before"))
    assert b"DKIM-Signature" not in stored(server, "before")
    said = server.command("dkim", "create", "a.example").stdout
    assert said.count(ZONE_LINE) == 2 and "heliopost dkim dns a.example" in said, said
    assert [row["state"] for row in rows(server, "list", "a.example")] == ["made"] * 2
    submit(server, message("unseen"))
    assert b"DKIM-Signature" not in stored(server, "unseen")
    for line in said.splitlines():
        if ZONE_LINE in line:  # what people copy
            names.records[line.split(". IN")[0]] = [("TXT", line.split('"')[1::2])]
    seen = rows(server, "dns", "a.example")
    assert [(row["state"], row["dns"]) for row in seen] == [("active", "in the DNS")] * 2, seen
    assert all(names.records[row["record_name"]] == [("TXT", split(row["record_text"]))] for row in seen), seen
    submit(server, message("seen"))
    text = stored(server, "seen")
    assert text.count(b"DKIM-Signature:") == 2, text
    say(f"keys sign once the DNS has them; RSA and Ed25519 are believed by {believed(directory, names, text, 2)}")


def rotated(server, names, directory):
    old = rows(server, "list", "a.example")
    made = rows(server, "rotate", "a.example", "--algorithm", "rsa2048")
    assert len(made) == 1 and made[0]["selector"] not in [row["selector"] for row in old], made
    publish(names, made)
    rows(server, "dns", "a.example")
    states = {row["selector"]: row["state"] for row in rows(server, "list")}
    assert sorted(states.values()) == ["active", "active", "retiring"], states
    assert states[made[0]["selector"]] == "active", states
    submit(server, message("rotated"))
    text = stored(server, "rotated")
    assert f"s={made[0]['selector']};".encode() in text, text
    before = stored(server, "seen")
    say(f"after a rotation mail of both keys is believed by {believed(directory, names, text, 2)}")
    believed(directory, names, before, 2)


def with_key_lost(server, directory):
    said = server.command("backup", str(directory / "backup")).stdout
    key = server.directory / "store/server.key"
    assert f"not in it: {key}" in said and key.stat().st_mode & 0o777 == 0o600, said
    files = [path for path in (directory / "backup").rglob("*") if path.is_file()]
    assert files and not [path for path in files if path.read_bytes() == key.read_bytes()]
    server.stop()
    key.rename(directory / "kept.key")
    server.start()
    wait_for("the log to tell of it", lambda: "dkim: no server key" in server.log_text())
    assert not key.exists()
    assert "put your copy of it there" in str(rows(server, "list"))
    submit(server, message("lost"))
    assert b"DKIM-Signature" not in stored(server, "lost")
    shutil.copy2(directory / "kept.key", key)
    server.command("reload")
    submit(server, message("found"))
    assert stored(server, "found").count(b"DKIM-Signature:") == 2
    say("no backup holds the server key; without it mail goes unsigned and the log says so; put back, it signs again")


def foreign_key(directory, names):
    key = directory / "foreign.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", key, "2048"], check=True, capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"], check=True,
                            capture_output=True).stdout
    names.records["s1._domainkey.bank.example"] = [("TXT", "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode())]
    return key


def signed_by_others(server, names, directory):
    key = foreign_key(directory, names)
    shown = []
    for name, sign in (("dkimpy", signed_by_dkimpy), ("opendkim", signed_by_opendkim)):
        signed = sign(directory, key, message(name, "x@bank.example", "ann@a.example"))
        if signed is None:
            continue
        for subject, sent, verdict in ((name, signed, b"dkim=pass"),
                                       (f"altered {name}", signed.replace(b"how are", b"who are"), b"dkim=fail")):
            sent = sent if verdict == b"dkim=pass" else b"X-Altered: " + subject.encode() + b"\r\n" + sent
            with smtplib.SMTP(server.address, server.ports["smtp"], "client.bank.example", timeout=60) as client:
                client.sendmail("x@bank.example", ["ann@a.example"], sent)
            text = server.messages("ann@a.example")[-1]
            assert verdict in text and b"header.d=bank.example" in text, text
        shown.append(name)
    say(f"what {' and '.join(shown) or 'nobody'} signed passes here, and fails with one word changed")


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="heliopost-signed."))
    try:
        with NameServer({"a.example": [("TXT", "v=spf1 -all")]}) as names:
            extra = f'[checks]\ntrusted_networks = []\n[dns]\nservers = ["127.0.0.1@{names.port}"]'
            with Server(extra=extra) as server:
                server.command("domain", "add", "a.example")
                server.add_account("ann@a.example")
                server.add_account("bob@a.example")
                made_and_published(server, names, directory)
                rotated(server, names, directory)
                with_key_lost(server, directory)
                signed_by_others(server, names, directory)
                for row in rows(server, "list"):
                    assert row["domain"] == "a.example", row
                server.command("dkim", "retire", "a.example")
                submit(server, message("retired"))
                assert b"DKIM-Signature" not in stored(server, "retired")
                say("retired keys sign no more")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
