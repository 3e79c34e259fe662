// RETR and TOP: the message, streamed piece by piece.
//
// Deviates from RFC 1939 §5 for messages with bare LFs, which go out as CRLF (proto/pop3/response.h): the
// octets that STAT, LIST and +OK tell are those of the message as it is stored, one fewer for each. To count
// them would mean reading every message of a maildrop before LIST; clients use the numbers to show progress.
#include <utility>
#include <vector>

#include "server/pop3/session.h"

namespace heliopost::pop3_server {

net::Task<bool> Session::retrieve(std::uint32_t number, std::uint64_t body_lines) {
    const mailbox::Row* row = find(number);
    if (row == nullptr) co_return refuse("no such message");
    const auto emails = co_await account_->emails(std::vector<EmailId>{row->email});
    if (!emails || emails->empty() || emails->front() == nullptr) co_return refuse("the message is gone");
    const auto email = emails->front();
    const std::uint64_t octets = email->octets();
    pop3::MultiLineEncoder encoder(body_lines);
    std::vector<std::string_view> pieces;
    // The first piece is read before +OK is said: past it there is no way to tell of a failure but to close.
    for (std::uint64_t at = 0; at < octets || at == 0;) {
        const auto piece = co_await account_->read(email, at, store::chunk_octets);
        if (!piece && at == 0) co_return refuse("please try again later", "SYS/TEMP");
        if (!piece) throw net::Gone("a message could not be read to its end");
        if (at == 0) say(std::to_string(octets) + " octets");
        pieces.clear();
        encoder.feed(*piece, [&](std::string_view octets_out) { pieces.push_back(octets_out); });
        for (const std::string_view out : pieces) co_await put(out);
        at += piece->size();
        if (piece->empty() || encoder.full()) break;
    }
    co_await put(encoder.end());
    co_return true;
}

}  // namespace heliopost::pop3_server
