#include "transport/transaction.h"

#include <algorithm>
#include <utility>

#include "base/planted.h"
#include "base/text.h"
#include "proto/smtp/command.h"
#include "transport/slots.h"

namespace heliopost::transport {

using smtp::Extension;

namespace {

// Is there an octet beyond ASCII before the empty line? Looks at what stands in front.
bool header_beyond_ascii(std::string_view front) {
    const std::size_t end = front.find("\r\n\r\n");
    return !is_ascii_text(front.substr(0, end));
}

// RFC 5321 §4.5.3.1.10: 552 at RCPT is what old servers say for 452, too many recipients.
Verdict refusal_at_rcpt(const smtp::Reply& reply) {
    Verdict verdict = refusal(reply);
    const bool full_mailbox = reply.enhanced.subject == 2;
    if (reply.code == 552 && !full_mailbox) verdict.fate = Fate::temporary;
    return verdict;
}

}  // namespace

Transaction::Transaction(net::World& world, store::Store& store, Client& client, const queue::Entry& entry,
                         const std::vector<queue::Recipient>& all, std::vector<std::size_t> recipients)
    : world_(world),
      store_(store),
      client_(client),
      entry_(entry),
      all_(all),
      recipients_(std::move(recipients)),
      steps_(recipients_.size(), Step::waiting),
      answers_(recipients_.size()) {}

net::Task<void> Transaction::run() {
    ++client_.messages;
    std::string why;
    try {
        co_await run_steps();
        co_return;
    } catch (const net::Gone& gone) {
        why = gone.what();
    } catch (const net::TimedOut&) {
        why = "the peer took too long";
    }
    broken(why);
}

net::Task<void> Transaction::run_steps() {
    const Result<void> front = co_await read_front();
    if (!front) {
        settle_open(temporary({4, 3, 0}, "cannot read the message"), false);
        co_return;
    }
    refuse_too_large();
    refuse_what_needs_smtputf8();
    if (count(Step::waiting) == 0) co_return;
    co_await send_envelope();
    if (count(Step::accepted) == 0) co_return;
    co_await send_content();
}

net::Task<Result<void>> Transaction::read_front() {
    std::string piece = CO_TRY(co_await store_.blobs().read(entry_.blob.id, 0, store::chunk_octets));
    read_ = piece.size();
    front_ = entry_.prefix;
    front_ += piece;
    header_utf8_ = entry_.smtputf8 && header_beyond_ascii(front_);
    co_return Result<void>{};
}

// RFC 1870 §6.1: what the server announced is known to be in vain.
void Transaction::refuse_too_large() {
    const std::uint64_t size_max = client_.capabilities().size_max;
    if (!client_.has(Extension::size) || size_max == 0 || octets() <= size_max) return;
    settle_open(permanent({5, 3, 4}, "the message has " + std::to_string(octets()) +
                                         " octets, the host takes " + std::to_string(size_max)),
                false);
}

// RFC 6531 §3.2: a message that needs SMTPUTF8 must not go to a server without it. It needs it only if an
// address or its header does; a domain alone can be written as A-labels.
void Transaction::refuse_what_needs_smtputf8() {
    const auto needs = [](const smtp::Address& address) { return !is_ascii_text(address.local_part); };
    bool wanted = header_utf8_ || !entry_.reverse_path.ascii();
    for (std::size_t i = 0; i < recipients_.size(); ++i) wanted |= !recipient(i).address.ascii();
    smtputf8_ = client_.has(Extension::smtputf8) && (wanted || entry_.smtputf8);
    if (smtputf8_ || !wanted) return;
    const bool whole = header_utf8_ || needs(entry_.reverse_path);
    for (std::size_t i = 0; i < recipients_.size(); ++i)
        if (steps_[i] == Step::waiting && (whole || needs(recipient(i).address)))
            settle(i, permanent({5, 6, 7}, "the host does not take internationalised mail (SMTPUTF8)"),
                   false);
}

smtp::Address Transaction::sent_as(const smtp::Address& address) const {
    if (smtputf8_ || address.domain.empty() || is_ascii_text(address.domain)) return address;
    const Result<std::string> domain = smtp::normalise_domain(address.domain);
    return domain ? smtp::Address{.local_part = address.local_part, .domain = *domain} : address;
}

std::string Transaction::mail_line() const {
    smtp::Mail mail;
    mail.reverse_path = sent_as(entry_.reverse_path);
    if (client_.has(Extension::size)) mail.size = octets();
    // Without 8BITMIME it goes as it is: see transport.h.
    if (client_.has(Extension::eight_bit_mime) && entry_.body_8bit) mail.body = smtp::Body::eight_bit_mime;
    mail.smtputf8 = smtputf8_;
    if (client_.has(Extension::dsn)) {
        mail.ret = entry_.ret;
        mail.envelope_id = entry_.envelope_id;
    }
    return smtp::format_mail(mail);
}

std::string Transaction::rcpt_line(std::size_t i) const {
    smtp::Rcpt rcpt;
    rcpt.forward_path = sent_as(recipient(i).address);
    if (client_.has(Extension::dsn)) {
        rcpt.notify = recipient(i).notify;
        const auto& original = recipient(i).original_recipient;
        if (original && (original->type != "utf-8" || smtputf8_)) rcpt.original_recipient = original;
    }
    return smtp::format_rcpt(rcpt);
}

// The reply to a line that is sent now, or was sent with the group.
net::Task<smtp::Reply> Transaction::answer_to(std::string line, std::chrono::milliseconds wait) {
    const Deadline deadline = std::min(deadline_, world_.after(wait));
    if (!pipelined_) co_await client_.write(line, deadline);
    smtp::Reply reply = co_await client_.read_reply(deadline);
    co_return reply;
}

net::Task<void> Transaction::send_envelope() {
    client_.expect_quiet();  // what came since the last answer would be taken for one to what is sent now
    deadline_ = std::min(client_.until, world_.after(envelope_wait));
    pipelined_ = client_.has(Extension::pipelining);
    std::vector<std::size_t> to;
    for (std::size_t i = 0; i < recipients_.size(); ++i)
        if (steps_[i] == Step::waiting) to.push_back(i);
    const bool reset = std::exchange(client_.needs_reset, true);
    if (pipelined_) {
        client_.set_stage("sending the envelope");
        std::string group = reset ? "RSET\r\n" : "";
        group += mail_line();
        for (const std::size_t i : to) group += rcpt_line(i);
        group += "DATA\r\n";
        co_await client_.write(group, std::min(deadline_, world_.after(mail_wait)));
    }
    if (reset) {
        client_.set_stage("sending RSET");
        const smtp::Reply reply = co_await answer_to("RSET\r\n", mail_wait);
        if (reply.code != 250) throw net::Gone("RSET was refused: " + smtp::one_line(reply));
    }
    client_.set_stage("sending MAIL FROM");
    const smtp::Reply mail = co_await answer_to(mail_line(), mail_wait);
    if (mail.code == 250) {
        co_await send_recipients(std::move(to));
        co_return;
    }
    settle_open(refusal(mail), !mail.permanent());
    if (pipelined_ && !client_.closing()) co_await drain(to.size());
}

net::Task<void> Transaction::send_recipients(std::vector<std::size_t> to) {
    client_.set_stage("sending RCPT TO");
    for (const std::size_t i : to) {
        const smtp::Reply reply = co_await answer_to(rcpt_line(i), rcpt_wait);
        if (reply.code == 250 || reply.code == 251) {
            steps_[i] = Step::accepted;
        } else if (client_.closing()) {
            settle_open(refusal(reply), true);
            co_return;
        } else {
            settle(i, refusal_at_rcpt(reply), false);
        }
    }
    co_await begin_data();
}

// The group's replies behind a refused MAIL: to `recipients` RCPT and to DATA. A server that wants the
// message all the same gets none, not even an empty one: it may have taken recipients.
net::Task<void> Transaction::drain(std::size_t recipients) {
    smtp::Reply last;
    for (std::size_t i = 0; i <= recipients && !client_.closing(); ++i)
        last = co_await client_.read_reply(std::min(deadline_, world_.after(rcpt_wait)));
    if (last.code == 354) client_.close();
}

net::Task<void> Transaction::begin_data() {
    if (!pipelined_ && count(Step::accepted) == 0) co_return;
    client_.set_stage("sending DATA");
    const smtp::Reply reply = co_await answer_to("DATA\r\n", data_wait);
    if (reply.code != 354) {
        settle_open(refusal(reply), !reply.permanent());
        co_return;
    }
    client_.expect_quiet();
    if (count(Step::accepted) != 0) co_return;
    // RFC 2920 §3.1: a server that takes DATA without a recipient gets an empty message.
    co_await client_.ask(".\r\n", end_wait);
    client_.needs_reset = false;
}

net::Task<void> Transaction::send_content() {
    client_.set_stage("sending the message");
    if (client_.slot != nullptr) client_.slot->moved(world_.tick());
    deadline_ = world_.after(content_wait);
    co_await send_piece(std::exchange(front_, {}));
    while (read_ < entry_.blob.octets) {
        Result<std::string> piece = co_await store_.blobs().read(entry_.blob.id, read_, store::chunk_octets);
        if (!piece || piece->empty()) {
            // Without its final dot the server must not take it (RFC 5321 §4.1.1.4).
            client_.close();
            settle_open(temporary({4, 3, 0}, "cannot read the message"), false);
            co_return;
        }
        read_ += piece->size();
        co_await send_piece(*std::move(piece));
    }
    stuffer_.finish([this](std::string_view octets) { out_ += octets; });
    dot_sent_ = true;
    co_await flush();
    client_.set_stage("waiting for the answer to the message");
    if (client_.slot != nullptr) client_.slot->sent_end(world_.tick());
    const smtp::Reply reply = co_await client_.read_answer(world_.after(end_wait));
    client_.needs_reset = false;
    settle_open(verdict_of(reply), false);
}

// Written in blocks; what is left waits for the next piece, so that a small message is one write.
net::Task<void> Transaction::send_piece(std::string piece) {
    std::string_view rest = piece;
    while (!rest.empty()) {
        const std::string_view block = rest.substr(0, block_octets);
        rest.remove_prefix(block.size());
        if (planted("forgotten dot-stuffing"))
            out_ += block;
        else
            stuffer_.feed(block, [this](std::string_view octets) { out_ += octets; });
        if (out_.size() >= block_octets) co_await flush();
    }
}

net::Task<void> Transaction::flush() {
    const Deadline deadline = std::min(deadline_, world_.after(block_wait));
    co_await client_.write(out_, deadline);
    out_.clear();
    if (client_.slot != nullptr) client_.slot->moved(world_.tick());
}

std::size_t Transaction::count(Step step) const {
    return static_cast<std::size_t>(std::ranges::count(steps_, step));
}

void Transaction::settle(std::size_t i, Verdict verdict, bool elsewhere) {
    verdict.reply.remote_host = to_string(client_.hop());
    steps_[i] = Step::answered;
    answers_[i] = {.verdict = std::move(verdict), .elsewhere = elsewhere};
}

void Transaction::settle_open(const Verdict& verdict, bool elsewhere) {
    for (std::size_t i = 0; i < recipients_.size(); ++i)
        if (steps_[i] != Step::answered) settle(i, verdict, elsewhere);
}

void Transaction::broken(const std::string& why) {
    in_doubt_ = dot_sent_ && count(Step::accepted) != 0;
    if (planted("no answer taken for yes") && dot_sent_)
        settle_open({.fate = Fate::delivered, .reply = {}}, false);
    settle_open(temporary({4, 4, 2}, client_.reason(why) + ", while " + client_.stage()), !dot_sent_);
    client_.close();
}

}  // namespace heliopost::transport
