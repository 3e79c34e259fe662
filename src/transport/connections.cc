#include "transport/connections.h"

#include <algorithm>
#include <utility>

namespace heliopost::transport {
namespace {

net::Task<void> say_quit(std::unique_ptr<Client> client) {
    co_await client->quit();
}

}  // namespace

std::unique_ptr<Client> Connections::take(const std::string& destination) {
    const auto found = std::ranges::find(idle_.rbegin(), idle_.rend(), destination, &Idle::destination);
    if (found == idle_.rend()) return nullptr;
    std::unique_ptr<Client> client = std::move(found->client);
    idle_.erase(std::next(found).base());
    return client;
}

void Connections::keep(std::string destination, std::unique_ptr<Client> client) {
    if (kept_for_.count() == 0 || idle_.size() >= idle_connections_max) return end(std::move(client));
    client->set_stage("idle");
    idle_.push_back({.destination = std::move(destination),
                     .client = std::move(client),
                     .until = world_.after(kept_for_)});
    changed_.set();
}

void Connections::end(std::unique_ptr<Client> client) {
    if (!client->closing()) farewells_.spawn(say_quit(std::move(client)));
}

void Connections::end_all() {
    while (!idle_.empty()) {
        std::unique_ptr<Client> client = std::move(idle_.front().client);
        idle_.pop_front();
        end(std::move(client));
    }
}

net::Task<void> Connections::end_old() {
    for (;;) {
        changed_.clear();
        while (!idle_.empty() && idle_.front().until <= world_.tick()) {
            std::unique_ptr<Client> client = std::move(idle_.front().client);
            idle_.pop_front();
            end(std::move(client));
        }
        const Deadline next = idle_.empty() ? Deadline::max() : idle_.front().until;
        // Only an empty list makes a newcomer the first to go.
        if (idle_.empty()) {
            co_await changed_.wait(next);
        } else {
            co_await world_.sleep_until(next);
        }
    }
}

}  // namespace heliopost::transport
