"""After each kill: what the restarted server still has, held against what the clients know.

Every finding is one line under the promise it breaks; a run without findings prints zeros.
"""

import hashlib
import re

from clients import Imap, Refused, fetched, sequence
from load import ACCOUNTS, ID_FIELD, MAILBOXES, id_in

PROMISES = ["lost", "torn", "duplicated", "back", "flags", "resurrected"]
FETCHED_AT_ONCE = 500
KEPT_IN_A_MAILBOX = 1_500  # older ones are expunged, so that the check of round 200 costs what that of round 20 did
TRACE_OCTETS_MAX = 4_096


class Check:
    def __init__(self, server, password, ledger):
        self.server, self.password, self.ledger = server, password, ledger
        self.findings = {promise: [] for promise in PROMISES}
        self.bodies = 0
        self.read = set()  # (account, mailbox, uid) whose octets were compared

    def failed(self):
        return any(self.findings.values())

    def add(self, promise, text):
        self.findings[promise].append(text)

    def run(self, every_body):
        """Call it with no load and no client under way."""
        found = {}  # copy's (account, id) -> list of (mailbox, uid, flags)
        for text in self.ledger.contradictions:
            self.add("back", text)
        self.ledger.contradictions.clear()
        for account in ACCOUNTS:
            client = Imap(self.server.address, self.server.ports["imaps"], account, self.password)
            for mailbox in MAILBOXES:
                self._mailbox(client, account, mailbox, every_body, found)
            client.close()
        for key, copy in self.ledger.copies.items():
            self._copy(copy, found.get(key, []))
        for message in self.ledger.messages.values():
            self._together(message)

    def _mailbox(self, client, account, mailbox, every_body, found):
        key = (account, mailbox)
        try:
            numbers = client.select(mailbox)
        except Refused as refused:
            self.add("lost", f"{key}: {refused}")
            return
        self._only_grows(key, numbers)
        rows = list(fetched(client.command("UID FETCH 1:* (UID FLAGS MODSEQ)")[0])) if numbers["EXISTS"] else []
        if len(rows) != numbers["EXISTS"]:
            self.add("lost", f"{key}: EXISTS is {numbers['EXISTS']}, FETCH gives {len(rows)}")
        for uid, modseq, _, _ in rows:
            if modseq < self.ledger.modseq_of.get((account, mailbox, uid), 0):
                self.add("back", f"{key} UID {uid}: MODSEQ is {modseq}, was higher")
            if modseq > numbers["HIGHESTMODSEQ"]:
                self.add("back", f"{key} UID {uid}: MODSEQ {modseq} over HIGHESTMODSEQ {numbers['HIGHESTMODSEQ']}")
            if uid >= numbers["UIDNEXT"]:
                self.add("back", f"{key} UID {uid} over UIDNEXT {numbers['UIDNEXT']}")
            self.ledger.modseq_of[account, mailbox, uid] = modseq
        wanted = [uid for uid, _, _, _ in rows if every_body or (account, mailbox, uid) not in self.read]
        for i in range(0, len(wanted), FETCHED_AT_ONCE):
            self._bodies(client, account, mailbox, wanted[i : i + FETCHED_AT_ONCE])
        for uid, _, flags, _ in rows:
            message_id = self.ledger.id_of.get((account, mailbox, uid))
            if message_id is None:
                self.add("torn", f"{key} UID {uid} has no message that anybody sent")
            else:
                found.setdefault((account, message_id), []).append((mailbox, uid, flags - {r"\Recent"}))

    def _only_grows(self, key, numbers):
        for name, last in [("UIDVALIDITY", self.ledger.uid_validity), ("UIDNEXT", self.ledger.uid_next),
                           ("HIGHESTMODSEQ", self.ledger.highest)]:
            before = last.get(key, numbers[name])
            if numbers[name] < before or (name == "UIDVALIDITY" and numbers[name] != before):
                self.add("back", f"{key}: {name} is {numbers[name]}, was {before}")
            last[key] = numbers[name]

    def _bodies(self, client, account, mailbox, uids):
        answered = set()
        for uid, _, _, literals in fetched(client.command(f"UID FETCH {sequence(uids)} (UID BODY.PEEK[])")[0]):
            if not literals:
                continue
            answered.add(uid)
            self.bodies += 1
            self.read.add((account, mailbox, uid))
            self._body(account, mailbox, uid, literals[0])
        for uid in set(uids) - answered:
            self.add("torn", f"{account} {mailbox} UID {uid} has no octets")

    def _body(self, account, mailbox, uid, octets):
        header = octets[: octets.find(b"\r\n\r\n") + 2]
        message_id = id_in(header)
        message = self.ledger.messages.get(message_id)
        where = f"{account} {mailbox} UID {uid} ({message_id})"
        if message is None:
            self.add("torn", f"{where}: nobody sent this")
            return
        trace = len(octets) - message.octets
        if trace < 0 or trace > (0 if message.whole else TRACE_OCTETS_MAX):
            self.add("torn", f"{where}: {len(octets)} octets of {message.octets} sent")
        elif hashlib.sha256(octets[trace:]).digest() != message.digest:
            self.add("torn", f"{where}: other octets than sent")
        elif len(re.findall(rb"^" + ID_FIELD.encode(), octets, re.MULTILINE)) != 1:
            self.add("torn", f"{where}: more than one message in it")
        known = self.ledger.id_of.setdefault((account, mailbox, uid), message_id)
        if known != message_id:
            self.add("back", f"{where}: this UID was {known}")

    def _copy(self, copy, found):
        where = f"{copy.message.id} of {copy.account}"
        if copy.gone:
            if found:
                self.add("resurrected", f"{where}: expunged or never there, now {found}")
            return
        if len(found) > 1:
            self.add("duplicated", f"{where}: {found}")
        if not found:
            if copy.acknowledged and copy.pending != ("expunge", None):
                self.add("lost", f"{where}: acknowledged in {copy.mailbox} (UID {copy.uid})")
            self.ledger.settle(copy, None)
            if not copy.acknowledged:
                self.ledger.forget(copy)
            return
        self._state(copy, where, *found[0])
        self.ledger.settle(copy, found[0])

    def _state(self, copy, where, mailbox, uid, flags):
        kind, wanted = copy.pending or (None, None)
        if mailbox != copy.mailbox and not (kind == "move" and mailbox == wanted):
            self.add("lost", f"{where}: acknowledged in {copy.mailbox}, found in {mailbox}")
        if mailbox == copy.mailbox and copy.uid and uid != copy.uid:
            self.add("back", f"{where}: UID {copy.uid} became {uid}")
        if flags != copy.flags and not (kind == "flags" and flags == wanted):
            self.add("flags", f"{where}: {sorted(copy.flags)} acknowledged, {sorted(flags)} found")

    def _together(self, message):
        """RFC 5321 §6.1: one reply for all recipients, so all of them have it or none."""
        if message.together and len(message.copies) > 1:
            there = [copy.seen for copy in message.copies]
            if any(there) and not all(there):
                self.add("lost", f"{message.id}: in {sum(there)} of {len(there)} mailboxes of one transaction")

    def trim(self, keep=KEPT_IN_A_MAILBOX):
        """Expunges the oldest, in bulk, for good."""
        for account in ACCOUNTS:
            client = Imap(self.server.address, self.server.ports["imaps"], account, self.password)
            for mailbox in MAILBOXES:
                copies = self.ledger.oldest(account, mailbox, keep)
                if not copies:
                    continue
                client.select(mailbox)
                last = max(copy.uid for copy in copies)
                self.ledger.start(copies, ("flags", frozenset([r"\Deleted"])))
                client.command(rf"UID STORE 1:{last} FLAGS (\Deleted)")
                self.ledger.finish(copies)
                self.ledger.start(copies, ("expunge", None))
                client.command(f"UID EXPUNGE 1:{last}")
                self.ledger.finish(copies)
            client.close()
