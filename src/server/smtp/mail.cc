// MAIL: who sends.
#include <utility>

#include "base/planted.h"
#include "server/smtp/refusal.h"
#include "server/smtp/session.h"

namespace heliopost::smtp_server {

using smtp::Reply;

net::Task<Reply> Session::mail(smtp::Mail argument) {
    if (argument.size.value_or(0) > service_.message_octets_max)
        co_return Reply{552, {5, 3, 4}, "the message is too large"};  // RFC 1870 §6.1
    if (!service_.delivering->store.has_space())
        co_return Reply{452, {4, 3, 1}, "not enough space, please try again later"};
    // A user sends as itself; the null path is for its own notifications (RFC 6409 §6.1).
    if (account_ && !argument.reverse_path.null()) {
        const auto allowed =
            co_await service_.directory->may_send_as(account_->id, smtp::to_string(argument.reverse_path));
        if (!allowed) co_return refusal(allowed.error());
        if (!*allowed) co_return Reply{553, {5, 7, 1}, "not your address"};
    }
    if (!planted("forgotten reset after a failed BDAT")) reset();
    transaction_.mail = std::move(argument);
    co_return Reply{250, {2, 1, 0}, "sender ok"};
}

}  // namespace heliopost::smtp_server
