// RCPT: resolved here, so that an unknown user is refused by the reply and never by a bounce.
#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "server/smtp/refusal.h"
#include "server/smtp/session.h"

namespace heliopost::smtp_server {

using Kind = directory::Resolution::Kind;
using smtp::Reply;

namespace {

// The number in "[192.0.2.1]" or "[IPv6:2001:db8::1]"; nothing in what is no such literal.
std::optional<net::IpAddress> literal_address(std::string_view domain) {
    if (!domain.starts_with('[') || !domain.ends_with(']')) return std::nullopt;
    domain = domain.substr(1, domain.size() - 2);
    if (starts_with_ignoring_case(domain, "IPv6:")) domain.remove_prefix(5);
    boost::system::error_code bad;
    const auto address = boost::asio::ip::make_address(domain, bad);
    if (bad) return std::nullopt;
    return address;
}

// An IPv4 client of a socket for both has an IPv4-mapped address.
net::IpAddress plain(const net::IpAddress& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

bool same_domain(const std::string& a, const std::string& b) {
    const auto left = smtp::normalise_domain(a);
    const auto right = smtp::normalise_domain(b);
    return left && right && *left == *right;
}

}  // namespace

// Who runs this host is reached at its own name and address, too, whatever domains it has mail for: our
// notifications come from there. RFC 5321 §4.5.1, RFC 2142 §4.
bool Session::is_host_duty(const smtp::Address& address) const {
    if (!same_ignoring_case(address.local_part, "postmaster") &&
        !same_ignoring_case(address.local_part, "abuse"))
        return false;
    if (!address.literal()) return same_domain(address.domain, service_.host_name);
    const auto named = literal_address(address.domain);
    return named && plain(*named) == plain(stream_->local().address);
}

net::Task<Result<directory::Resolution>> Session::resolve(smtp::Address address) {
    auto resolved = co_await service_.directory->resolve(address.local_part, address.domain);
    if (resolved && resolved->kind == Kind::not_local && is_host_duty(address))
        resolved = co_await service_.directory->resolve("postmaster", "");
    co_return resolved;
}

net::Task<Reply> Session::recipient(smtp::Rcpt argument) {
    if (transaction_.recipients.size() >= service_.recipients_max)
        co_return Reply{452, {4, 5, 3}, "too many recipients"};
    if (!argument.forward_path.ascii() && !transaction_.mail.smtputf8)
        co_return Reply{553, {5, 6, 7}, "this address needs SMTPUTF8"};  // RFC 6531 §3.5
    delivery::Recipient recipient;
    recipient.address = std::move(argument.forward_path);
    recipient.notify = argument.notify;
    recipient.original = std::move(argument.original_recipient);
    auto resolved = co_await resolve(recipient.address);
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
    const std::size_t reached =
        recipient.resolution.accounts.size() + recipient.resolution.forwards.size() + 1;
    if (transaction_.reached + reached > reached_max && !transaction_.recipients.empty())
        co_return Reply{452, {4, 5, 3}, "too many recipients"};
    const bool goes_out =
        recipient.resolution.kind == Kind::not_local || !recipient.resolution.forwards.empty();
    const std::size_t going_out =
        goes_out ? std::max<std::size_t>(recipient.resolution.forwards.size(), 1) : 0;
    if (auto refused = check_queue(going_out)) co_return *std::move(refused);
    if (auto refused = co_await check_room(&recipient)) co_return *std::move(refused);
    transaction_.reached += reached;
    transaction_.going_out += going_out;
    transaction_.recipients.push_back(std::move(recipient));
    co_return Reply{250, {2, 1, 5}, "recipient ok"};
}

// RFC 3463 §3.4: 4.3.1. One account, or mail from outside that aliases send on, has a share of the queue.
std::optional<Reply> Session::check_queue(std::size_t going_out) const {
    if (going_out == 0) return std::nullopt;
    const queue::Queue& queue = service_.delivering->queue;
    if (!queue.has_room()) return Reply{452, {4, 3, 1}, "the queue is full, please try again later"};
    const AccountId submitter = account_ ? account_->id : AccountId();
    if (queue.has_room_for(submitter, transaction_.going_out + going_out)) return std::nullopt;
    if (account_)
        return Reply{
            452, {4, 3, 1}, "too many recipients of your mail wait in the queue, please try again later"};
    return Reply{452, {4, 3, 1}, "too much mail that is sent on waits in the queue, please try again later"};
}

// Full mailboxes are found here, before the message is sent; one message may then pass the quota. A recipient
// that leads to several is refused when all of them are full: one must not keep a list from the others.
net::Task<std::optional<Reply>> Session::check_room(const delivery::Recipient* recipient) {
    const directory::Resolution& to = recipient->resolution;
    if (to.accounts.empty() || !to.forwards.empty()) co_return std::nullopt;
    for (const auto& mailbox : to.accounts) {
        if (mailbox.quota_octets == 0) co_return std::nullopt;
        const auto account = service_.accounts->open(mailbox.account);
        const auto used = co_await account->quota();
        if (!used) co_return refusal(used.error());
        if (used->octets < mailbox.quota_octets) co_return std::nullopt;
    }
    co_return Reply{452, {4, 2, 2}, "the mailbox is full"};
}

}  // namespace heliopost::smtp_server
