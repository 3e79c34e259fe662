#include <algorithm>

#include "base/assert.h"
#include "net/memory_stream.h"

namespace heliopost::net {
namespace {

void wake(Wait* wait) {
    if (wait != nullptr) wait->end();
}

void wake_all(const MemoryConnection::End& end) {
    wake(end.reader);
    wake(end.writer);
    wake(end.starter);
}

}  // namespace

MemoryConnection::MemoryConnection(MemoryNetwork& network, MemoryWorld& from, Endpoint local, MemoryWorld* to,
                                   Endpoint remote)
    : network_(network), link_{++network.last_link_, from.name(), to->name()} {
    ends_[0].world = &from;
    ends_[0].address = std::move(local);
    ends_[1].world = to;
    ends_[1].address = std::move(remote);
    network_.connections_.emplace(link_.id, this);
}

MemoryConnection::~MemoryConnection() {
    network_.connections_.erase(link_.id);
}

bool MemoryConnection::is_apart() const {
    return muted_ || network_.apart(link_.from, link_.to);
}

size_t MemoryConnection::room(int to_side) const {
    const End& to = ends_[to_side];
    const size_t max = to_side == 0 && network_.room_
                           ? std::clamp<size_t>(network_.room_(link_), 1, pipe_octets_max)
                           : pipe_octets_max;
    return max - std::min(max, to.coming_octets + to.unread());
}

size_t MemoryConnection::piece() const {
    return network_.piece_ ? std::max<size_t>(1, network_.piece_(link_)) : pipe_octets_max;
}

void MemoryConnection::send(int to_side, Chunk chunk) {
    End& to = ends_[to_side];
    const auto delay = network_.delay_ ? network_.delay_(link_) : std::chrono::microseconds(0);
    chunk.arrival = std::max(network_.tick() + delay, to.last_arrival);
    to.last_arrival = chunk.arrival;
    if (chunk.kind == Chunk::Kind::octets) to.coming_octets += chunk.octets.size();
    const Instant arrival = chunk.arrival;
    to.coming.push_back(std::move(chunk));
    if (arrival <= network_.tick()) return pump(to_side);
    network_.call_at(arrival, [self = shared_from_this(), to_side] { self->pump(to_side); });
}

void MemoryConnection::pump(int side) {
    End& to = ends_[side];
    while (!to.coming.empty() && to.coming.front().arrival <= network_.tick() && !is_apart()) {
        Chunk chunk = std::move(to.coming.front());
        to.coming.pop_front();
        if (chunk.kind == Chunk::Kind::octets) to.coming_octets -= chunk.octets.size();
        deliver(side, std::move(chunk));
    }
}

void MemoryConnection::deliver(int side, Chunk chunk) {
    End& to = ends_[side];
    network_.note(link_.id * 2 + static_cast<std::uint64_t>(side), static_cast<std::uint64_t>(chunk.kind),
                  chunk.octets.size());
    if (!to.broken.empty()) return;
    switch (chunk.kind) {
        case Chunk::Kind::octets:
            if (to.closed) return;
            to.arrived.erase(0, std::exchange(to.arrived_at, 0));
            to.arrived += chunk.octets;
            return wake(to.reader);
        case Chunk::Kind::end:
            to.ended = true;
            wake(to.starter);
            return wake(to.reader);
        case Chunk::Kind::reset:
            return break_end(side, chunk.octets);
        case Chunk::Kind::tls:
            to.peer_asked_tls = true;
            to.peer_server_name = std::move(chunk.octets);
            wake(to.reader);
            return wake(to.starter);
        case Chunk::Kind::dial:
            return answer_dial();
        case Chunk::Kind::accepted:
            to.accepted = true;
            return wake(to.starter);
    }
}

void MemoryConnection::answer_dial() {
    End& server = ends_[1];
    MemoryListener* const listener =
        server.world->crashed() ? nullptr : server.world->find_listener(server.address);
    if (listener == nullptr || !listener->offer(shared_from_this())) {
        server.closed = true;
        return send(0, {.kind = Chunk::Kind::reset, .octets = "connection refused"});
    }
    send(0, {.kind = Chunk::Kind::accepted});
}

void MemoryConnection::break_end(int side, const std::string& why) {
    End& end = ends_[side];
    if (end.broken.empty()) end.broken = why;
    wake_all(end);
}

void MemoryConnection::close(int side) {
    End& end = ends_[side];
    if (end.closed) return;
    end.closed = true;
    end.arrived.clear();
    end.arrived_at = 0;
    wake_all(end);
    wake(ends_[1 - side].writer);
    if (!end.output_ended && end.broken.empty()) send(1 - side, {.kind = Chunk::Kind::end});
    end.output_ended = true;
}

}  // namespace heliopost::net
