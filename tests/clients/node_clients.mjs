// imapflow and nodemailer against a whole server: send, wait in IDLE, read, flag, move, search.
import { readFileSync } from 'node:fs'
import assert from 'node:assert/strict'
import nodemailer from 'nodemailer'
import { ImapFlow } from 'imapflow'

const { address, ports, user, password, certificate, host } = JSON.parse(process.env.HELIOPOST_TEST)
const tls = { ca: readFileSync(certificate), servername: host }

const imap = new ImapFlow({
    host: address, port: ports.imaps, secure: true, tls, auth: { user, pass: password }, logger: false
})
await imap.connect()
const lock = await imap.getMailboxLock('INBOX')
const arrived = new Promise(resolve => imap.once('exists', resolve))
const idling = imap.idle() // it would begin by itself, after a quarter of a minute

const mailer = nodemailer.createTransport({
    host: address, port: ports.submission, secure: false, requireTLS: true, tls, auth: { user, pass: password }
})
const sent = await mailer.sendMail({
    from: user, to: user, subject: 'Grüße von nodemailer', text: 'Hello from Node.\n',
    attachments: [{ filename: 'bytes.bin', content: Buffer.from([0, 1, 2, 255]) }]
})
assert.deepEqual(sent.accepted, [user])
console.log('  nodemailer  sent a message with an attachment over STARTTLS')

await arrived // IDLE told us
void idling
const message = await imap.fetchOne('*', { envelope: true, bodyStructure: true, source: true, flags: true })
assert.equal(message.envelope.subject, 'Grüße von nodemailer')
assert.equal(message.bodyStructure.childNodes.length, 2)
const { content } = await imap.download(message.seq, '2')
const chunks = []
for await (const chunk of content) chunks.push(chunk)
assert.deepEqual([...Buffer.concat(chunks)], [0, 1, 2, 255])
await imap.messageFlagsAdd(message.seq, ['\\Flagged', '$Forwarded'])
const found = await imap.search({ flagged: true, subject: 'nodemailer' })
assert.deepEqual(found, [message.seq])
const moved = await imap.messageMove(message.seq, 'Archive')
assert.equal(moved.uidMap.size, 1)
lock.release()
const status = await imap.status('Archive', { messages: true, unseen: true, highestModseq: true })
assert.equal(status.messages, 1)
assert.ok(status.highestModseq > 0n)
await imap.logout()
console.log('  imapflow    saw it in IDLE, read it, flagged, searched and moved it')
