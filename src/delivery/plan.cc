#include "delivery/plan.h"

#include <set>
#include "base/planted.h"

namespace heliopost::delivery {
namespace {

void add_relay(Plan& out, std::set<std::string>& seen, Relaying relay) {
    if (seen.insert(smtp::to_string(relay.to)).second) out.relays.push_back(std::move(relay));
}

}  // namespace

Plan plan(std::span<const Recipient> recipients) {
    using Kind = directory::Resolution::Kind;
    Plan out;
    std::set<AccountId> accounts;
    std::set<std::string> relayed;
    for (const Recipient& recipient : recipients) {
        const bool shared = recipient.resolution.accounts.size() + recipient.resolution.forwards.size() > 1;
        for (const auto& mailbox : recipient.resolution.accounts)
            if (accounts.insert(mailbox.account).second || planted("recipient filed twice"))
                out.filings.push_back(
                    {mailbox.account, smtp::to_string(recipient.address), mailbox.quota_octets, shared});
        for (const std::string& forward : recipient.resolution.forwards)
            if (auto address = smtp::parse_address(forward))
                add_relay(out, relayed, {*std::move(address), recipient.notify, std::nullopt});
        if (recipient.resolution.kind == Kind::not_local)
            add_relay(out, relayed, {recipient.address, recipient.notify, recipient.original});
    }
    return out;
}

Plan plan(const Envelope& envelope) {
    return plan(std::span(envelope.recipients));
}

}  // namespace heliopost::delivery
