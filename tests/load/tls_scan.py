#!/usr/bin/env python3
"""S9 of docs/reliability.md: testssl.sh on every TLS port, also behind STARTTLS: nothing of severity MEDIUM or more.

What is left out are findings on the certificate, which the test makes itself: self-signed, without a CA's paperwork.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import Server  # noqa: E402

SKIPPED = 77
SECONDS_MAX = 600
SEVERE = {"MEDIUM", "HIGH", "CRITICAL"}
OF_THE_CERTIFICATE = ("cert_", "DNS_CAArecord", "OCSP_", "overall_grade", "final_score", "grade_cap", "intermediate_")
PORTS = [("submissions", []), ("imaps", []), ("pop3s", []), ("smtp", ["--starttls", "smtp"]),
         ("submission", ["--starttls", "smtp"]), ("imap", ["--starttls", "imap"]), ("pop3", ["--starttls", "pop3"])]


def scan(program, server, name, words):
    report = server.directory / f"{name}.json"
    command = [program, "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--sneaky", "--jsonfile",
               report, "--ip", server.address, *words, f"localhost:{server.ports[name]}"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=SECONDS_MAX,
                          stdin=subprocess.DEVNULL)
    assert report.exists(), done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(report.read_text())
    assert len(found) > 80, f"{name}: only {len(found)} findings: {found}"
    # engine_problem: the scanner's own OpenSSL has no GOST.
    fatal = [one for one in found if one["severity"] in ("FATAL", "WARN") and "problem" in one["id"] and
             one["id"] != "engine_problem"]
    assert not fatal, fatal
    severe = [one for one in found if one["severity"] in SEVERE and not one["id"].startswith(OF_THE_CERTIFICATE)]
    print(f"  {name}: {len(found)} findings, {len(severe)} of them MEDIUM or more", flush=True)
    return [f"{name}: {one['id']}: {one['finding']}" for one in severe]


def main():
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    if program is None:
        print("tls_scan: no testssl.sh here")
        return SKIPPED
    only = os.environ.get("HELIOPOST_TLS_PORTS", "").split()
    with Server() as server:
        severe = [line for name, words in PORTS if not only or name in only
                  for line in scan(program, server, name, words)]
        assert not severe, "\n".join(severe)
    print("tls_scan: 0 findings of severity MEDIUM or more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
