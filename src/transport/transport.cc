#include "transport/transport.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/assert.h"
#include "transport/bounce.h"
#include "transport/state.h"

namespace heliopost::transport {

Transport::State::State(net::World& of_world, queue::Queue& of_queue, store::Store& store,
                        directory::Directory& of_directory, TransportOptions given)
    : world(of_world),
      queue(of_queue),
      directory(of_directory),
      options(std::make_shared<const TransportOptions>(std::move(given))),
      one_destination(options->smart_host.has_value()),
      delivering{.world = world,
                 .store = store,
                 .queue = queue,
                 .host_name = options->host_name,
                 .expire_after = options->retry.expire_after,
                 .keys = options->keys},
      takers(world, "transport"),
      attempts(world, "attempt"),
      all_untold(world),
      records(world, "outcome"),
      connections(world, records, options->cached_for),
      sending{.world = world,
              .store = store,
              .options = options,
              .connections = connections,
              .open = std::make_shared<std::size_t>(0)},
      wake(std::make_shared<net::Event>(world)) {}

bool Transport::State::full() {
    const bool all_held = slots->all + granted_all >= options->connections_max;
    crowded |= all_held;
    return all_held;
}

bool Transport::State::may_start(std::string_view destination) {
    const auto already = granted.find(destination);
    const std::size_t to_it = slots->of(destination) + (already == granted.end() ? 0 : already->second);
    if (to_it >= options->per_destination_max) return false;
    if (slots->is_slow(destination, world.tick())) {
        if (slots->to_slow + granted_slow >= slow_slots(options->connections_max)) return false;
        ++granted_slow;
    }
    ++granted[std::string(destination)];
    ++granted_all;
    return true;
}

net::Task<void> Transport::State::take_for_ever() {
    for (;;) {
        bool failed = false;
        try {
            co_await take();
        } catch (const net::Stopped&) {
            throw;
        } catch (const std::exception& error) {
            world.log().error("transport.failed", {{"reason", error.what()}});
            failed = true;
        }
        if (failed) co_await world.sleep_until(world.after(pause_after_error));
    }
}

// Waits are kept as times of day. What a clock that was set back since has set must not wait for as long
// again.
void Transport::State::look_at_clock() {
    const auto ahead = std::chrono::duration_cast<std::chrono::milliseconds>(world.now().time_since_epoch() -
                                                                             world.tick().time_since_epoch());
    if (!clock_ahead || ahead < *clock_ahead - clock_step_min)
        queue.not_later_than(world.now() + queue::longest_wait(options->retry));
    clock_ahead = ahead;
}

// Takes what may be begun, then waits until there may be more.
net::Task<void> Transport::State::take() {
    wake->clear();
    granted.clear();
    granted_all = granted_slow = 0;
    crowded = false;
    look_at_clock();
    queue::DueQuery query;
    query.now = world.now();
    query.leases = leases_per_turn;
    query.may_start = [this](std::string_view destination) { return may_start(destination); };
    query.full = [this] { return full(); };
    auto due = co_await queue.due(std::move(query));
    granted.clear();
    granted_all = granted_slow = 0;
    if (crowded) slots->end_slow(world.tick(), slow_slots(options->connections_max));
    if (!due) {
        world.log().error("transport.failed", {{"reason", due.error().text}});
        co_await world.sleep_until(world.after(pause_after_error));
        co_return;
    }
    for (queue::Lease& lease : *due) begin(std::move(lease));
    if (!due->empty()) co_return;
    std::chrono::milliseconds wait = look_again;
    // Already due, and not given: a cap keeps it back until an attempt ends, which wakes us.
    if (const auto next = queue.next_due()) wait = std::clamp(*next - world.now(), look_again_full, wait);
    co_await wake->wait(world.after(wait));
}

void Transport::State::begin(queue::Lease lease) {
    auto slot = std::make_unique<Slot>(slots, lease.destination, world.tick());
    attempts.spawn(attempt(std::move(lease), std::move(slot)));
}

net::Task<void> Transport::State::attempt(queue::Lease lease, std::unique_ptr<Slot> slot) {
    std::vector<Tried> tried;
    std::string failed;
    try {
        Attempt one(sending, lease, *slot);
        tried = co_await one.run();
    } catch (const net::Stopped&) {
        throw;  // the lease gives its recipients back
    } catch (const std::exception& error) {
        failed = error.what();
    }
    if (tried.empty()) {
        world.log().error("attempt.failed",
                          {{"queue_id", queue::to_text(lease.entry->id)}, {"reason", failed}});
        const Verdict verdict = temporary({4, 3, 0}, "an error of our own");
        tried.resize(lease.recipients.size(), {.verdict = verdict, .host = {}, .tls = "none"});
    }
    slot->finish(world.tick());
    Settled settled = settle(world, *options, lease, tried);
    log_attempt(world, lease, tried, settled);
    records.spawn(record(std::move(lease), std::move(settled), std::move(slot)));
}

// What the sender is told of may wait for more of the message; the rest is written now.
net::Task<void> Transport::State::record(queue::Lease lease, Settled settled, std::unique_ptr<Slot> slot) {
    if (!settled.told.empty()) {
        std::shared_ptr<Untold> untold = all_untold.add(take_told(lease, settled));
        if (untold && untold->ready.is_set() && lease.hold == nullptr) untold->slot = std::move(slot);
        if (untold) records.spawn(tell(std::move(untold)));
    }
    if (lease.hold != nullptr) co_await write(std::move(lease), std::move(settled.outcomes), {});
    slot.reset();
    wake->set();
}

net::Task<void> Transport::State::tell(std::shared_ptr<Untold> untold) {
    if (!untold->ready.is_set()) co_await untold->ready.wait(world.after(join_wait));
    all_untold.remove(untold);
    auto [lease, settled] = std::move(untold->told);
    const std::shared_ptr<const queue::Entry> entry = lease.entry;
    queue::Also also;
    auto made = co_await make_bounce(&delivering, &directory, entry, settled.told);
    if (made) {
        also = *std::move(made);
    } else {
        world.log().error("dsn.failed",
                          {{"queue_id", queue::to_text(entry->id)}, {"reason", made.error().text}});
        // A reverse-path that nothing can be sent to, now or ever, is as good as the null path.
        if (made.error().fault != Fault::syntax) put_off(settled, world.now() + options->retry.first);
    }
    co_await write(std::move(lease), std::move(settled.outcomes), std::move(also));
    untold->slot.reset();
    wake->set();
}

net::Task<void> Transport::State::write(queue::Lease lease, std::vector<queue::Outcome> outcomes,
                                        queue::Also also) {
    const QueueId id = lease.entry->id;
    const Result<void> done = co_await queue.complete(std::move(lease), std::move(outcomes), std::move(also));
    if (done) co_return;
    // The queue keeps what it could not write, and writes it before anything else becomes due.
    world.log().error("outcome.failed", {{"queue_id", queue::to_text(id)}, {"reason", done.error().text}});
    co_await world.sleep_until(world.after(pause_after_error));
}

net::Task<void> Transport::State::stop(Deadline deadline) {
    queue.on_due({});
    takers.stop();
    co_await takers.join(Deadline::max());
    connections.end_all();
    co_await attempts.join(deadline);
    attempts.stop();
    co_await attempts.join(Deadline::max());
    connections.end_all();
    all_untold.hurry();
    co_await records.join(world.after(record_wait));
    records.stop();
    co_await records.join(Deadline::max());
}

Transport::Transport(net::World& world, queue::Queue& queue, store::Store& store,
                     directory::Directory& directory, TransportOptions options)
    : state_(std::make_unique<State>(world, queue, store, directory, std::move(options))) {}

Transport::~Transport() = default;

void Transport::start() {
    // The queue calls from any thread, and perhaps once more after stop().
    state_->queue.on_due([world = &state_->world, wake = std::weak_ptr(state_->wake)] {
        world->post([wake] {
            if (const auto event = wake.lock()) event->set();
        });
    });
    state_->takers.spawn(state_->take_for_ever());
    state_->takers.spawn(state_->connections.end_old());
}

net::Task<void> Transport::stop(Deadline deadline) {
    return state_->stop(deadline);
}

void Transport::change(TransportOptions options) {
    const TransportOptions& now = *state_->options;
    ASSERT(options.smart_host || !state_->one_destination);
    options.host_name = now.host_name;
    options.cached_for = now.cached_for;
    state_->delivering.expire_after = options.retry.expire_after;
    state_->options = std::make_shared<const TransportOptions>(std::move(options));
    state_->sending.options = state_->options;
    state_->connections.end_all();  // they may go elsewhere, or lack the TLS that is asked for now
    state_->wake->set();
}

std::size_t Transport::attempts() const {
    return state_->slots->all;
}

std::size_t Transport::connections() const {
    return *state_->sending.open;
}

}  // namespace heliopost::transport
