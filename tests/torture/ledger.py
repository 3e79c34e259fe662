"""What the clients of a torture run know: each message, each copy of it, and what the server acknowledged.

A copy is one message in one account. One thread changes a copy, one operation at a time, so that after a kill each
copy is either as the last acknowledgement left it or as the one operation under way would have left it.
"""

import hashlib
import threading
import time
from dataclasses import dataclass, field


class InDoubt(ConnectionError):
    """Acknowledged after the power was cut, of what was asked for before: nobody would have heard it."""


@dataclass
class Message:
    id: str
    octets: int
    digest: bytes
    whole: bool  # stored as sent (APPEND), or below trace fields (SMTP, LMTP)
    together: bool = False  # one reply for all recipients: in each of their mailboxes or in none
    copies: list = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)


@dataclass
class Copy:
    message: Message
    account: str
    mailbox: str
    uid: int = 0  # 0: not known yet
    flags: frozenset = frozenset()
    acknowledged: bool = False  # it must be there
    seen: bool = False  # a client has had it, acknowledged or not
    gone: bool = False  # its expunge was acknowledged: it must not come back
    pending: tuple = None  # the operation under way: ("move", mailbox), ("flags", flags), ("expunge", None)
    begun: float = 0  # the operation under way


class Ledger:
    def __init__(self):
        self.lock = threading.Lock()
        self.messages = {}  # by id
        self.copies = {}  # by (account, id)
        self.placed = {}  # (account, mailbox) -> {uid: copy}, of those that nobody expunged
        self.id_of = {}  # (account, mailbox, uid) -> id: once seen, for ever
        self.modseq_of = {}  # (account, mailbox, uid) -> the highest seen
        self.highest = {}  # (account, mailbox) -> HIGHESTMODSEQ
        self.uid_next = {}  # (account, mailbox)
        self.uid_validity = {}  # (account, mailbox)
        self.acknowledgements = {}  # by operation
        self.refusals = []
        self.contradictions = []  # what a client saw during the load that cannot be
        self.cut = None  # when the power was cut: from, to

    def cutting(self, cut):
        """The power is cut by cut().

        A sync that is under way just then may succeed and be lost nevertheless: the kernel's fault (a bare fdatasync in
        a loop shows it, on ext4 of Linux 6.18), and none that a power cut could show, for nothing would be left to hear
        the answer. What is asked for afterwards and acknowledged must be there.
        """
        began = time.monotonic()
        with self.lock:
            self.cut = (began, float("inf"))
        cut()
        with self.lock:
            self.cut = (began, time.monotonic())

    def powered(self):
        with self.lock:
            self.cut = None

    def _trust(self, begun):
        if self.cut and begun < self.cut[1]:
            raise InDoubt

    def begin(self, message_id, text, accounts, mailbox, whole=False, together=False):
        """Before the first octet goes out: from here on the message may be anywhere."""
        message = Message(message_id, len(text), hashlib.sha256(text).digest(), whole, together)
        with self.lock:
            assert message_id not in self.messages, "an id is never sent twice"
            self.messages[message_id] = message
            for account in accounts:
                copy = Copy(message, account, mailbox)
                message.copies.append(copy)
                self.copies[account, message_id] = copy
        return message

    def count(self, operation):
        self.acknowledgements[operation] = self.acknowledgements.get(operation, 0) + 1

    def stored(self, copy, operation, uid=0):
        with self.lock:
            self._trust(copy.message.begun)
            copy.acknowledged = True
            self.count(operation)
            # Another client may have seen it, and moved or expunged it, before its sender read the answer.
            if uid and not copy.seen:
                self._place(copy, copy.mailbox, uid)

    def refuse(self, text):
        with self.lock:
            self.refusals.append(text)

    def _place(self, copy, mailbox, uid):
        key = (copy.account, mailbox, uid)
        known = self.id_of.setdefault(key, copy.message.id)
        if known != copy.message.id:
            self.contradictions.append(f"UID {key} was {known}, is {copy.message.id}")
        self._displace(copy)
        copy.mailbox, copy.uid, copy.seen = mailbox, uid, True
        self.placed.setdefault((copy.account, mailbox), {})[uid] = copy
        self.uid_next[copy.account, mailbox] = max(self.uid_next.get((copy.account, mailbox), 1), uid + 1)

    def _displace(self, copy):
        self.placed.get((copy.account, copy.mailbox), {}).pop(copy.uid, None)
        copy.uid = 0

    def saw(self, account, mailbox, uid, message_id):
        """A FETCH showed this message under this UID."""
        with self.lock:
            if self.cut:
                return
            copy = self.copies.get((account, message_id))
            if copy is None:
                self.contradictions.append(f"{account} {mailbox} UID {uid} is a message that nobody sent: {message_id}")
                return
            # A copy that a move is about to leave or has left keeps its newer place.
            if copy.mailbox == mailbox and copy.pending is None and not copy.gone and copy.uid in (0, uid):
                self._place(copy, mailbox, uid)
            elif self.id_of.setdefault((account, mailbox, uid), message_id) != message_id:
                self.contradictions.append(f"{account} {mailbox} UID {uid} changed its message")

    def saw_modseq(self, account, mailbox, uid, modseq):
        with self.lock:
            if self.cut:
                return
            key = (account, mailbox, uid)
            self.modseq_of[key] = max(self.modseq_of.get(key, 0), modseq)
            self.highest[account, mailbox] = max(self.highest.get((account, mailbox), 0), modseq)

    def uids(self, account, mailbox):
        with self.lock:
            return set(self.placed.get((account, mailbox), {}))

    def choose(self, account, mailbox, uids, mine, random, most):
        """Some copies of one thread that are in the mailbox, out of those UIDs."""
        with self.lock:
            placed = self.placed.get((account, mailbox), {})
            there = sorted(uid for uid in uids if uid in placed)
            chosen = [placed[uid] for uid in random.sample(there, min(len(there), random.randint(1, most)))]
            return [copy for copy in chosen if copy.pending is None and mine(copy.message.id)]

    def oldest(self, account, mailbox, keep):
        """The copies past the newest `keep`."""
        with self.lock:
            placed = self.placed.get((account, mailbox), {})
            return [placed[uid] for uid in sorted(placed)[: max(0, len(placed) - keep)]]

    def start(self, copies, operation):
        with self.lock:
            for copy in copies:
                assert copy.pending is None
                copy.pending, copy.begun = operation, time.monotonic()

    def finish(self, copies, uids=None):
        """The operation under way was acknowledged; uids: where a move put them."""
        with self.lock:
            for copy in copies:
                self._trust(copy.begun)
                kind = copy.pending[0]
                if kind == "flags":
                    copy.flags = copy.pending[1]
                elif kind == "expunge":
                    self._displace(copy)
                    copy.gone = True
                else:
                    old_uid = copy.uid
                    self._displace(copy)
                    copy.mailbox = copy.pending[1]
                    if uids and old_uid in uids:
                        self._place(copy, copy.mailbox, uids[old_uid])
                copy.pending = None
                copy.acknowledged = True
                self.count(kind)

    def settle(self, copy, found):
        """After the check of a restarted server: what was ambiguous is now known, and must stay.

        found: None, or (mailbox, uid, flags)."""
        copy.pending = None
        if found is None:
            if copy.seen or copy.acknowledged:
                copy.gone = True
            self._displace(copy)
            return
        copy.acknowledged = True
        self._place(copy, found[0], found[1])
        copy.flags = found[2]

    def forget(self, copy):
        """A message that never arrived and whose sender is gone: it must not arrive later either."""
        copy.gone = True
