"""The load of a torture run: threads that send, append, flag, move and expunge until the server dies under them."""

import base64
import os
import random
import re
import ssl
import threading
import zlib

from clients import Imap, Refused, Smtp, fetched, sequence

ACCOUNTS = ["ann@a.example", "ben@a.example"]
MAILBOXES = ["INBOX", "Archive", "Work"]
ID_FIELD = "X-Torture-Id"
KEYWORDS = [r"\Flagged", r"\Answered", r"\Seen", "$Forwarded", "torture"]
CHANGERS = 2  # threads that change messages of one account, each its own messages
SENDERS = {"smtp": 3, "lmtp": 2, "append": 2}


def make_message(message_id, draw):
    """Small as most mail is, some large, a few over several chunks of the store."""
    octets = draw.choices([draw.randint(100, 4_000), draw.randint(20_000, 80_000), draw.randint(300_000, 700_000)],
                          weights=[90, 9, 1])[0]
    body = base64.encodebytes(os.urandom(octets * 3 // 4)).replace(b"\n", b"\r\n")
    return (f"From: <bench@load.example>\r\nTo: <ann@a.example>\r\nSubject: {message_id}\r\n"
            f"Message-ID: <{message_id}@load.example>\r\n{ID_FIELD}: {message_id}\r\n\r\n").encode() + body


class Load:
    def __init__(self, server, password, ledger, round_number, seed):
        self.server, self.password, self.ledger, self.round = server, password, ledger, round_number
        self.stop = threading.Event()
        self.broken = []  # what no kill explains
        self.ready = threading.Semaphore(0)
        self.threads = []
        for kind, count in SENDERS.items():
            for number in range(count):
                self._add(getattr(self, f"_{kind}"), f"{kind}{number}", seed)
        for account in ACCOUNTS:
            for number in range(CHANGERS):
                self._add(self._change, f"change-{account}-{number}", seed, account, number)

    def _add(self, run, name, seed, *arguments):
        draw = random.Random(f"{seed}/{self.round}/{name}")
        self.threads.append(threading.Thread(target=self._guard, args=(run, name, draw, *arguments), daemon=True))

    def _guard(self, run, name, draw, *arguments):
        try:
            run(name, draw, *arguments)
        except (OSError, EOFError, ssl.SSLError):
            if not self.stop.is_set():
                # The kill comes from the main thread, which sets stop first.
                self.broken.append(f"{name}: the connection ended before the kill")
        except Exception as error:  # a wrong test must not look like a right server
            self.broken.append(f"{name}: {type(error).__name__}: {error}")
        finally:
            self.ready.release()  # whoever waits for this thread's start must not wait for ever

    def start(self):
        """Returns once every thread has its connection."""
        for thread in self.threads:
            thread.start()
        for _ in self.threads:
            self.ready.acquire()

    def join(self):
        for thread in self.threads:
            thread.join(timeout=60)
            if thread.is_alive():
                self.broken.append("a client still waits for a killed server")

    def _id(self, name, number):
        return f"r{self.round}-{name}-{number}"

    def _deliver(self, name, draw, port, lmtp):
        client = Smtp(self.server.address, self.server.ports[port], lmtp)
        self.ready.release()
        number = 0
        while True:
            number += 1
            accounts = draw.sample(ACCOUNTS, draw.choice([1, 1, 2]))
            message_id = self._id(name, number)
            text = make_message(message_id, draw)
            message = self.ledger.begin(message_id, text, accounts, "INBOX", together=not lmtp)
            for i, (code, reply) in client.deliver("bench@load.example", accounts, text):
                if code != 250:
                    self.ledger.refuse(reply)
                    continue
                for copy in [message.copies[i]] if lmtp else message.copies:
                    self.ledger.stored(copy, name[:4])

    def _smtp(self, name, draw):
        self._deliver(name, draw, "smtp", lmtp=False)

    def _lmtp(self, name, draw):
        self._deliver(name, draw, "lmtp", lmtp=True)

    def _imap(self, account):
        return Imap(self.server.address, self.server.ports["imaps"], account, self.password)

    def _append(self, name, draw):
        account = ACCOUNTS[int(name[-1]) % len(ACCOUNTS)]
        client = self._imap(account)
        self.ready.release()
        number = 0
        while True:
            number += 1
            mailbox = draw.choice(MAILBOXES)
            message_id = self._id(name, number)
            text = make_message(message_id, draw)
            message = self.ledger.begin(message_id, text, [account], mailbox, whole=True)
            try:
                uid = client.append(mailbox, text)
            except Refused as refused:
                self.ledger.refuse(str(refused))
                continue
            self.ledger.stored(message.copies[0], "append", uid)

    def _change(self, name, draw, account, number):
        client = self._imap(account)
        client.command("ENABLE CONDSTORE")
        self.ready.release()
        mine = lambda message_id: zlib.crc32(message_id.encode()) % CHANGERS == number
        while True:
            mailbox = draw.choice(MAILBOXES)
            # A session knows what was there when it selected or what it was told of since; a UID that only
            # another client has heard of names nothing here: RFC 9051 §2.3.1.2.
            known = self.ledger.uids(account, mailbox)
            first_new = client.select(mailbox)["UIDNEXT"] - 60
            known |= self._look(client, account, mailbox, max(1, first_new))
            for _ in range(6):
                copies = self.ledger.choose(account, mailbox, known, mine, draw, most=16)
                if copies:
                    try:
                        self._change_some(client, draw, account, mailbox, copies)
                    except Refused as refused:
                        self.ledger.refuse(str(refused))

    def _look(self, client, account, mailbox, first):
        """The UIDs that are there."""
        untagged, _ = client.command(f"UID FETCH {first}:* (BODY.PEEK[HEADER.FIELDS ({ID_FIELD})])")
        seen = set()
        for uid, _, _, literals in fetched(untagged):
            if literals:
                self.ledger.saw(account, mailbox, uid, id_in(literals[0]))
                seen.add(uid)
        return seen

    def _change_some(self, client, draw, account, mailbox, copies):
        uids = [copy.uid for copy in copies]
        operation = draw.choices(["flags", "move", "expunge"], weights=[6, 3, 1])[0]
        if operation == "move":
            to = draw.choice([m for m in MAILBOXES if m != mailbox])
            self.ledger.start(copies, ("move", to))
            self.ledger.finish(copies, client.move(uids, to))
            return
        # FLAGS replaces all flags, so that what follows is known whatever was before.
        flags = frozenset([r"\Deleted"] if operation == "expunge" else draw.sample(KEYWORDS, draw.randint(0, 3)))
        self.ledger.start(copies, ("flags", flags))
        untagged, _ = client.command(f"UID STORE {sequence(uids)} FLAGS ({' '.join(sorted(flags))})")
        self.ledger.finish(copies)
        for uid, modseq, _, _ in fetched(untagged):
            if uid and modseq:
                self.ledger.saw_modseq(account, mailbox, uid, modseq)
        if operation == "expunge":
            self.ledger.start(copies, ("expunge", None))
            client.command(f"UID EXPUNGE {sequence(uids)}")
            self.ledger.finish(copies)


def id_in(header):
    found = re.search(rb"^" + ID_FIELD.encode() + rb": (\S+)\r$", header, re.MULTILINE)
    return found[1].decode() if found else ""
