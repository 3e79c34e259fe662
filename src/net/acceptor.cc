#include "net/acceptor.h"

#include <chrono>
#include <optional>
#include <system_error>

#include "base/assert.h"
#include "net/task_group.h"
#include "net/world.h"

namespace heliopost::net {
namespace {

constexpr std::chrono::milliseconds exhausted_pause{100};
constexpr std::chrono::seconds log_pause{1};
constexpr std::chrono::milliseconds refuse_wait{100};

Task<void> hold(ConnectionLimits::Token token, Task<void> connection) {
    const ConnectionLimits::Token held = std::move(token);
    co_await std::move(connection);
}

// A new connection's buffer takes it at once: a peer that does not read holds nobody up.
Task<void> refuse(World* world, Stream* stream, const std::string* refusal) {
    if (refusal->empty()) co_return;
    try {
        co_await stream->write(*refusal, world->after(refuse_wait));
    } catch (const Gone&) {
    } catch (const TimedOut&) {
    }
}

// Says the same thing once a second at most, with how often it happened.
class Complaint {
public:
    explicit Complaint(World& world) : world_(world) {}
    void say(const std::string& listener, std::string_view reason, const std::string& peer) {
        ++times_;
        if (world_.tick() < next_) return;
        world_.log().warning("connection.refused",
                             {{"listener", listener}, {"reason", reason}, {"peer", peer}, {"times", times_}});
        next_ = world_.after(log_pause);
        times_ = 0;
    }

private:
    World& world_;
    Instant next_{};
    std::uint64_t times_ = 0;
};

}  // namespace

Task<void> accept_all(World* world, std::unique_ptr<Listener> listener, ConnectionLimits limits,
                      TaskGroup* connections, std::string name, ServeConnection serve, std::string refusal) {
    ASSERT(refusal.size() <= refusal_octets_max);
    Complaint complaint(*world);
    for (;;) {
        std::unique_ptr<Stream> stream;
        std::string exhausted;
        try {
            stream = co_await listener->accept();
        } catch (const std::system_error& error) {
            exhausted = error.code().message();
        }
        if (!stream) {
            complaint.say(name, exhausted, "");
            co_await world->sleep_until(world->after(exhausted_pause));
            continue;
        }
        const Endpoint peer = stream->peer();
        std::optional<ConnectionLimits::Token> token =
            limits.take(peer.path.empty() ? &peer.address : nullptr);
        if (!token) {
            complaint.say(name, "too many connections", to_string(peer));
            co_await refuse(world, stream.get(), &refusal);
            continue;
        }
        connections->spawn(hold(std::move(*token), serve(std::move(stream))));
    }
}

}  // namespace heliopost::net
