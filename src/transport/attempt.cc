#include "transport/attempt.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace heliopost::transport {
namespace {

// The client whose peer an attempt waits for, for as long as this lives.
class InUse {
public:
    InUse(Client& client, Slot& slot, Deadline until) : client_(client), slot_(slot) {
        client_.slot = &slot_;
        client_.until = until;
        slot_.client = &client_;
    }
    ~InUse() {
        client_.slot = nullptr;
        slot_.client = nullptr;
    }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;

private:
    Client& client_;
    Slot& slot_;
};

}  // namespace

Attempt::Attempt(Sending& with, const queue::Lease& lease, Slot& slot)
    : with_(with),
      options_(with.options),
      lease_(lease),
      slot_(slot),
      until_(with.world.after(hops_wait_max)),
      tried_(lease.recipients.size()),
      noted_(lease.recipients.size()),
      remaining_(lease.recipients.size()) {
    std::iota(remaining_.begin(), remaining_.end(), std::size_t{0});
}

net::Task<std::vector<Tried>> Attempt::run() {
    co_await try_cached();
    if (remaining_.empty()) co_return tried_;
    Router router(with_.world, *options_);
    const Route route = co_await router.find(lease_.recipients.front().domain);
    if (!route) {
        for (const std::size_t i : remaining_)
            tried_[i] = {.verdict = route.error(), .host = {}, .tls = "none"};
        co_return tried_;
    }
    for (const Hop& hop : *route) {
        if (remaining_.empty() || slot_.ended() || with_.world.tick() >= until_) break;
        co_await try_hop(hop);
    }
    co_return tried_;
}

// What fails on a connection that had been idle says nothing: the peer may have closed it long ago.
net::Task<void> Attempt::try_cached() {
    std::unique_ptr<Client> client = with_.connections.take(lease_.destination);
    if (client) co_await transact(std::move(client), true);
}

net::Task<void> Attempt::try_hop(Hop hop) {
    bool tls_failed = false;
    std::unique_ptr<Client> client = co_await connect(hop, false, &tls_failed);
    // RFC 7435: opportunistic; a peer whose TLS is broken is still better reached in the clear than not.
    if (!client && tls_failed) client = co_await connect(hop, true, &tls_failed);
    if (client) co_await transact(std::move(client), false);
}

ClientOptions Attempt::client_options(bool in_clear) const {
    using Tls = ClientOptions::Tls;
    const TransportOptions& from = *options_;
    ClientOptions options;
    options.host_name = from.helo_name.empty() ? from.host_name : from.helo_name;
    options.tls = in_clear ? Tls::none : Tls::opportunistic;
    if (!from.smart_host) return options;
    const SmartHost& host = *from.smart_host;
    if (host.require_tls) options.tls = Tls::required;
    if (host.tls_from_start) options.tls = Tls::from_start;
    options.verify = host.require_tls;
    options.roots_file = host.roots_file;
    options.user = host.user;
    options.password = host.password;
    return options;
}

// Null: the hop's failure is noted for all that remain. tls_failed: in the clear it might work, and may.
net::Task<std::unique_ptr<Client>> Attempt::connect(Hop hop, bool in_clear, bool* tls_failed) {
    const ClientOptions options = client_options(in_clear);
    net::DialOptions dial;
    std::vector<net::IpAddress> sources;
    for (const net::IpAddress& source : options_->source_addresses)
        if (source.is_v4() == hop.at.address.is_v4()) sources.push_back(source);
    if (!sources.empty()) dial.source = sources[with_.world.random_number() % sources.size()];

    *tls_failed = false;
    std::unique_ptr<Client> client;
    std::string why;
    bool refused = false;
    try {
        std::unique_ptr<net::Stream> stream =
            co_await with_.world.dial(hop.at, dial, std::min(until_, with_.world.after(dial_wait)));
        client = std::make_unique<Client>(with_.world, std::move(stream), hop, options, with_.open);
        const InUse in_use(*client, slot_, until_);
        if (slot_.ended()) client->give_up();
        const std::optional<Verdict> trouble = co_await client->open();
        if (!trouble) co_return client;
        note_remaining(hop, *trouble);
        refused = true;
    } catch (const net::Gone& gone) {
        why = gone.what();
    } catch (const net::TimedOut&) {
        why = "timed out";
    }
    if (!client) {
        note_remaining(hop, temporary({4, 4, 1}, "cannot connect: " + why));
        co_return nullptr;
    }
    if (refused) {
        with_.connections.end(std::move(client));
        co_return nullptr;
    }
    const bool in_tls = client->failed_in_tls();
    *tls_failed = in_tls && !slot_.ended() && options.tls == ClientOptions::Tls::opportunistic;
    note_remaining(hop, temporary(in_tls ? smtp::EnhancedStatus{4, 7, 5} : smtp::EnhancedStatus{4, 4, 2},
                                  client->reason(why) + ", while " + client->stage()));
    co_return nullptr;
}

net::Task<void> Attempt::transact(std::unique_ptr<Client> client, bool cached) {
    const Hop hop = client->hop();
    const auto session = client->tls();
    const std::string tls = session ? session->version : "none";
    Transaction transaction(with_.world, with_.store, *client, *lease_.entry, lease_.recipients,
                            std::exchange(remaining_, {}));
    {
        const InUse in_use(*client, slot_, until_);
        co_await transaction.run();
    }
    if (transaction.in_doubt())
        with_.world.log().warning("attempt.in_doubt",
                                  {{"queue_id", queue::to_text(lease_.entry->id)},
                                   {"relay", to_string(hop)},
                                   {"reason", "no answer to the message's end: it may arrive twice"}});
    for (std::size_t i = 0; i < transaction.recipients().size(); ++i) {
        const std::size_t recipient = transaction.recipients()[i];
        const Answer& answer = transaction.answers()[i];
        if (answer.elsewhere) remaining_.push_back(recipient);
        Tried tried{.verdict = answer.verdict, .host = hop.name, .tls = tls};
        if (!answer.elsewhere) {
            tried_[recipient] = std::move(tried);
        } else if (!cached) {
            note(recipient, std::move(tried));
        }
    }
    if (client->closing()) co_return;
    const bool of_old_options = options_ != with_.options;
    if (of_old_options || client->messages >= options_->messages_per_connection_max) {
        with_.connections.end(std::move(client));
    } else {
        with_.connections.keep(lease_.destination, std::move(client));
    }
}

void Attempt::note_remaining(const Hop& hop, Verdict verdict) {
    verdict.reply.remote_host = to_string(hop);
    for (const std::size_t i : remaining_) note(i, {.verdict = verdict, .host = hop.name, .tls = "none"});
}

// A hop that cannot be used for good is the last word only where every other one said so too.
void Attempt::note(std::size_t recipient, Tried tried) {
    const bool keep = noted_[recipient] && tried_[recipient].verdict.fate == Fate::temporary &&
                      tried.verdict.fate == Fate::permanent;
    noted_[recipient] = true;
    if (!keep) tried_[recipient] = std::move(tried);
}

}  // namespace heliopost::transport
