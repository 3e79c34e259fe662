// APPEND: RFC 9051 §6.3.12; UIDPLUS: RFC 4315; APPENDLIMIT: RFC 7889.
//
// The message goes to the blob store while it arrives. What is refused is refused before its octets
// are sent, where the client waits for "+".
//
// A message with NUL is refused: a literal may not hold it (CHAR8, RFC 9051 §9), and literal8 is for APPEND
// only where BINARY is announced (RFC 3516 §4.3), which it is not: RFC 9051 took over the FETCH side alone.
// Mail that comes by SMTP may hold NUL, and FETCH gives it as it is (fetch.cc says why).
#include <utility>

#include "server/imap/session.h"

namespace heliopost::imap_server {

// What APPEND needs before it takes the octets, or why not.
net::Task<std::expected<mailbox::Mailbox, Completion>> Session::check_append(imap::command::Append argument) {
    if (stage_ == Stage::not_authenticated) co_return std::unexpected(bad("not in this state"));
    if (argument.literal.binary)
        co_return std::unexpected(refused(imap::code::unknown_cte, "BINARY is not offered for APPEND"));
    if (argument.literal.octets > service_.message_octets_max)
        co_return std::unexpected(refused(imap::code::too_big, "the message is too large"));
    if (!service_.store->has_space())
        co_return std::unexpected(
            refused(imap::code::unavailable, "not enough space, please try again later"));
    auto mailbox = co_await account_->find(argument.mailbox);
    if (!mailbox && mailbox.error().fault != Fault::not_found)
        co_return std::unexpected(refusal(mailbox.error()));
    if (!mailbox) co_return std::unexpected(refused(imap::code::try_create, "no such mailbox"));
    // The commit decides; this spares a client the sending.
    const auto use = co_await account_->quota();
    if (use && login_->quota_octets != 0 && use->octets + argument.literal.octets > login_->quota_octets)
        co_return std::unexpected(refused(imap::code::over_quota, "the account is full"));
    co_return *std::move(mailbox);
}

// Reads the announced literal and the end of the command; the message as far as it went.
net::Task<Result<delivery::Message>> Session::read_message() {
    using Event = imap::CommandReader::Event;
    delivery::Incoming incoming(*service_.store, service_.message_octets_max);
    bool has_nul = false;
    reader_.accept_append();
    if (reader_.literal().synchronising) {
        imap::append_continuation(out_.text(), "send the message");
        co_await out_.flush();
    }
    for (;;) {
        if (!co_await input_.fill(world_.after(command_time_max))) throw net::Gone("closed within a message");
        const auto got = reader_.feed(input_.buffered());
        has_nul = has_nul || got.chunk.contains('\0');
        if (got.event == Event::octets && !has_nul) co_await incoming.append(got.chunk);
        input_.consume(got.taken);
        if (got.event == Event::bad) co_return std::unexpected(reader_.error());
        if (got.event == Event::command) break;
    }
    if (has_nul) co_return fail(Fault::syntax, "NUL in a literal");
    co_return co_await incoming.finish();
}

net::Task<void> Session::append(std::string text) {
    auto parsed = imap::parse_command(text, revision_);
    if (!parsed) {
        const auto& [tag, error] = parsed.error();
        const bool no_such = error.fault == Fault::not_found;  // no mailbox can have this name
        count(no_such ? imap::Condition::no : imap::Condition::bad);
        imap::append_status(out_.text(), tag, no_such ? imap::Condition::no : imap::Condition::bad, "",
                            error.text);
        if (!reader_.refuse_append()) hang_up();
        co_return;
    }
    tag_ = parsed->tag;
    auto argument = std::get<imap::command::Append>(std::move(parsed->body));
    const auto mailbox = co_await check_append(argument);
    Completion end;
    if (mailbox) {
        end = co_await append_to(mailbox->id, std::move(argument));
    } else {
        end = mailbox.error();
        if (!reader_.refuse_append()) hang_up();
    }
    if (reader_.hang_up() && stage_ != Stage::logout) hang_up();
    count(end.condition);
    if (selected_ && stage_ != Stage::logout) co_await synchronise(Telling::everything);
    if (end.text.empty()) end.text = "APPEND completed";
    imap::append_status(out_.text(), tag_, end.condition, end.code, end.text);
}

net::Task<Completion> Session::append_to(MailboxId mailbox, imap::command::Append argument) {
    auto message = co_await read_message();
    if (!message && message.error().fault == Fault::too_large)
        co_return refused(imap::code::too_big, "the message is too large");
    if (!message) co_return refusal(message.error());
    mailbox::NewEmail email;
    email.blob = message->blob.ref;
    email.received = argument.received ? argument.received->time : world_.now();
    email.structure = message->structure;
    email.preview = std::move(message->preview);
    std::vector<mailbox::NewEmail> emails;
    emails.push_back(std::move(email));
    std::vector<store::StagedBlob> blobs;
    blobs.push_back(std::move(message->blob));
    const mailbox::Quota quota{login_->quota_octets, mailbox::Quota::Mode::enforce};
    const auto done = co_await account_->append(mailbox, std::move(emails), std::move(blobs),
                                                std::move(argument.flags), quota);
    if (!done && done.error().fault == Fault::not_found)
        co_return refused(imap::code::try_create, "no such mailbox");
    if (!done) co_return refusal(done.error());
    world_.log().info("appended", {{"account", login_->address}, {"mailbox", argument.mailbox}});
    co_return completed(imap::code::append_uid(done->uid_validity, done->uids));
}

}  // namespace heliopost::imap_server
