"""What a signature and a verification of a message of 50 KB cost here, at opendkim and at rspamd, and at the bare key.

Ours are of signing_sign_bench, in one process. opendkim is asked as a mail server asks it, by the milter protocol over
one connection; rspamd over HTTP, with nothing but its DKIM module: their figures are the processor time of their
processes, by the message, and have that transport in them. RSA-2048; each message is another.
"""

import base64
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
from mail_judges import OpenDkim, Rspamd, what_lacks  # noqa: E402
from milter import Milter  # noqa: E402
from name_server import NameServer  # noqa: E402

BIN = ROOT / "build/release/bin"
BEGIN, END = "<!-- signatures: begin -->", "<!-- signatures: end -->"
DOMAIN, SELECTOR, SENDER, READER = "a.example", "s1", "ann@a.example", "bob@b.example"
OUTSIDE = "192.0.2.9"
MESSAGE_OCTETS = 50_000
MESSAGES, WARM_UP = 300, 30


def message(number):
    """As signing_sign_bench has it."""
    head = [f"From: Ann <{SENDER}>", f"To: Bob <{READER}>", "Subject: The figures of November",
            "Date: Mon, 23 Nov 2026 08:15:30 +0000", f"Message-ID: <{number}@a.example>", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", ""]
    lines, size = [f"This is number {number}."], 0
    while size < MESSAGE_OCTETS:
        lines.append(f"The quick brown fox jumps over the lazy dog, again and again. {size}")
        size += len(lines[-1]) + 2
    return "\r\n".join([*head, *lines, ""]).encode()


def make_key(directory, names):
    key = directory / "key.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", key, "2048"], check=True, capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"], check=True,
                            capture_output=True).stdout
    record = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()
    names.records[f"{SELECTOR}._domainkey.{DOMAIN}"] = [("TXT", record)]
    return key


def cpu_seconds(judge):
    done = subprocess.run([BIN / "heliopost_load", "usage", "--pid", str(judge.process.pid)], capture_output=True,
                          text=True, check=True)
    return json.loads(done.stdout)["cpu_seconds"]


def per_message(judge, work, texts):
    """Milliseconds of the judge's processor time by the message, and what the work gave for each."""
    for text in texts[:WARM_UP]:
        work(text)
    before = cpu_seconds(judge)
    results = [work(text) for text in texts]
    return (cpu_seconds(judge) - before) * 1000 / len(texts), results


def by_opendkim(directory, names, key, texts):
    """(sign, verify, nothing to verify) in ms, and the messages with its signatures."""
    with OpenDkim(directory, names, "signer", "Mode s", f"Domain {DOMAIN}", f"Selector {SELECTOR}", f"KeyFile {key}",
                  "Canonicalization relaxed/relaxed") as judge:
        to = Milter(judge.port, "127.0.0.1")
        sign, added = per_message(judge, lambda text: to.fields_for(SENDER, READER, text), texts)
        to.close()
    values = [dict(fields)["DKIM-Signature"].replace("\r\n", "\n").replace("\n", "\r\n") for fields in added]
    signed = [f"DKIM-Signature: {value.lstrip()}\r\n".encode() + text for value, text in zip(values, texts)]
    with OpenDkim(directory, names, "verifier", "Mode v", "AlwaysAddARHeader yes") as judge:
        to = Milter(judge.port, OUTSIDE)
        nothing, added = per_message(judge, lambda text: to.fields_for(SENDER, READER, text), texts)
        assert not any("dkim=pass" in value for fields in added for _, value in fields), added[0]
        verify, added = per_message(judge, lambda text: to.fields_for(SENDER, READER, text), signed)
        assert all("dkim=pass" in dict(fields)["Authentication-Results"] for fields in added), added[0]
        to.close()
    return {"sign": sign, "verify": verify, "nothing": nothing}, signed


RSPAMD_SIGNING = """
dkim_signing {{ sign_authenticated = true; use_esld = false; use_redis = false; check_pubkey = false;
  allow_username_mismatch = true;
  domain {{ {domain} {{ selectors [ {{ path = "{key}"; selector = "{selector}"; }} ] }} }} }}
"""


def by_rspamd(directory, names, key, texts, signed):
    def ask(judge, text, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{judge.port}/checkv2", data=text, headers={
            "IP": OUTSIDE, "Helo": "client.example", "From": SENDER, "Rcpt": READER, **headers})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    extra = RSPAMD_SIGNING.format(domain=DOMAIN, key=key, selector=SELECTOR)
    with Rspamd(directory, names, ("dkim_signing",), extra) as judge:
        sign, said = per_message(judge, lambda text: ask(judge, text, User=SENDER), texts)
        assert all("dkim-signature" in one for one in said), said[0]
    with Rspamd(directory, names, ()) as judge:
        nothing, said = per_message(judge, lambda text: ask(judge, text), texts)
        assert not any("R_DKIM_ALLOW" in one["symbols"] for one in said), said[0]
        verify, said = per_message(judge, lambda text: ask(judge, text), signed)
        assert all("R_DKIM_ALLOW" in one["symbols"] for one in said), said[0]
    return {"sign": sign, "verify": verify, "nothing": nothing}


def ours():
    said = subprocess.run([BIN / "signing_sign_bench"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"rsa2048 +sign: key alone +([\d.]+) us, message of \d+ octets +([\d.]+) us.*\n"
                      r"rsa2048 +verify: key alone +([\d.]+) us, message +([\d.]+) us", said)
    key_sign, sign, key_verify, verify = (float(one) / 1000 for one in found.groups())
    return {"sign": sign, "verify": verify}, {"sign": key_sign, "verify": key_verify}


def measure_signatures(about, quick=False):
    """The table, as text; peers that are not installed are left out."""
    texts = [message(number) for number in range(MESSAGES // (5 if quick else 1))]
    own, key_alone = ours()
    columns = {}
    with tempfile.TemporaryDirectory(prefix="heliopost-signatures.") as folder, NameServer({}) as names:
        directory = pathlib.Path(folder)
        key = make_key(directory, names)
        if what_lacks("opendkim") is None:
            columns["opendkim"], signed = by_opendkim(directory, names, key, texts)
            if what_lacks("rspamd") is None:
                columns["rspamd"] = by_rspamd(directory, names, key, texts, signed)
    head = ["RSA-2048, 50 KB", "key alone", "Heliopost"] + [cell for name in columns for cell in (name, "")]
    rows = [head, ["---"] * len(head)]
    for work in ("sign", "verify"):
        rows.append([work, f"{key_alone[work]:.3f} ms", f"{own[work]:.3f} ms"])
        for column in columns.values():
            rows[-1] += [f"{column[work]:.3f} ms", f"{column[work] / own[work]:.1f} times ours"]
    rows.append(["no signature: transport and parsing", "", ""])
    for column in columns.values():
        rows[-1] += [f"{column['nothing']:.3f} ms", ""]
    lines = [f"Measured on {about['date']}: {about['cores']} cores, Linux {about['kernel']}; load average "
             f"{about['load']:.1f} at the beginning. Command: `{about['command']}`.", ""]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def write_signatures(text, output):
    page = output.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    output.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
