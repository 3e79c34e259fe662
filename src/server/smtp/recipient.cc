// RCPT: resolved here, so that an unknown user is refused by the reply and never by a bounce.
#include <utility>

#include "server/smtp/refusal.h"
#include "server/smtp/session.h"

namespace heliopost::smtp_server {

using Kind = directory::Resolution::Kind;
using smtp::Reply;

net::Task<Reply> Session::recipient(smtp::Rcpt argument) {
    if (transaction_.recipients.size() >= service_.recipients_max)
        co_return Reply{452, {4, 5, 3}, "too many recipients"};
    if (!argument.forward_path.ascii() && !transaction_.mail.smtputf8)
        co_return Reply{553, {5, 6, 7}, "this address needs SMTPUTF8"};  // RFC 6531 §3.5
    delivery::Recipient recipient;
    recipient.address = std::move(argument.forward_path);
    recipient.notify = argument.notify;
    recipient.original = std::move(argument.original_recipient);
    auto resolved =
        co_await service_.directory->resolve(recipient.address.local_part, recipient.address.domain);
    if (!resolved) co_return refusal(resolved.error());
    recipient.resolution = *std::move(resolved);
    switch (recipient.resolution.kind) {
        case Kind::no_such_user:
            co_return Reply{550, {5, 1, 1}, "no such user here"};
        case Kind::not_local:
            // Nobody relays but who logged in: no open relay, whatever the address looks like.
            if (!account_) co_return Reply{550, {5, 7, 1}, "relaying denied"};
            break;
        case Kind::local:
            break;
    }
    if (auto refused = co_await check_room(&recipient)) co_return *std::move(refused);
    transaction_.recipients.push_back(std::move(recipient));
    co_return Reply{250, {2, 1, 5}, "recipient ok"};
}

// Full mailboxes are found here, before the message is sent; one message may then pass the quota.
net::Task<std::optional<Reply>> Session::check_room(const delivery::Recipient* recipient) {
    for (const auto& mailbox : recipient->resolution.accounts) {
        if (mailbox.quota_octets == 0) continue;
        const auto used = co_await service_.accounts->open(mailbox.account)->quota();
        if (!used) co_return refusal(used.error());
        if (used->octets >= mailbox.quota_octets) co_return Reply{452, {4, 2, 2}, "the mailbox is full"};
    }
    co_return std::nullopt;
}

}  // namespace heliopost::smtp_server
