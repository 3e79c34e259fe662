#include "load/imap.h"

#include <algorithm>
#include <deque>
#include <memory>

#include "load/imap_client.h"
#include "load/message.h"
#include "net/task_group.h"

namespace heliopost::bench {
namespace {

double milliseconds_since(net::World& world, Instant begun) {
    return std::chrono::duration<double, std::milli>(world.tick() - begun).count();
}

// The connections of one operation: the number of the next piece of work, and where results go.
struct Work {
    const Options* options;
    Report* report;
    std::uint64_t next = 0;
};

net::Task<void> log_in_once(net::World* world, Work* work, std::uint64_t number) {
    ImapClient client(world, work->options);
    co_await client.log_in(number);
    co_await client.select();
    work->report->messages = client.exists();
    co_await client.log_out();
}

net::Task<void> log_in_often(net::World* world, Work* work, std::uint64_t number) {
    while (work->next < work->options->count) {
        ++work->next;
        const Instant begun = world->tick();
        try {
            co_await log_in_once(world, work, number);
            ++work->report->done;
            work->report->latencies_ms.push_back(milliseconds_since(*world, begun));
        } catch (const std::exception& error) {
            work->report->fail(error.what());
        }
    }
}

struct AppendWork : Work {
    MessageMaker maker;
};

class Appender {
public:
    Appender(net::World* world, AppendWork* work, std::uint64_t number)
        : world_(*world), work_(*work), number_(number), client_(world, work->options) {}

    net::Task<void> run() {
        const Options& options = *work_.options;
        try {
            co_await client_.log_in(number_);
            while (work_.next < options.count) {
                co_await client_.send_append(
                    work_.maker.make(work_.next++, options.octets, options.sender, options.user));
                begun_.push_back(world_.tick());
                if (begun_.size() >= options.window) co_await take_answer();
            }
            while (!begun_.empty()) co_await take_answer();
            co_await client_.log_out();
        } catch (const std::exception& error) {
            work_.report->fail(error.what());
        }
    }

private:
    net::Task<void> take_answer() {
        const Answer answer = co_await client_.answer();
        if (answer.good()) {
            ++work_.report->done;
            work_.report->latencies_ms.push_back(milliseconds_since(world_, begun_.front()));
        } else {
            work_.report->fail(answer.tagged.status + " " + answer.tagged.text);
        }
        begun_.pop_front();
    }

    net::World& world_;
    AppendWork& work_;
    std::uint64_t number_;
    ImapClient client_;
    std::deque<Instant> begun_;  // of the commands on their way
};

net::Task<void> run_appender(net::World* world, AppendWork* work, std::uint64_t number) {
    Appender appender(world, work, number);
    co_await appender.run();
}

net::Task<void> open_idle(net::World* world, Work* work, std::vector<std::unique_ptr<ImapClient>>* clients) {
    while (work->next < work->options->connections) {
        const std::uint64_t number = work->next++;
        auto client = std::make_unique<ImapClient>(world, work->options);
        try {
            co_await client->log_in(number);
            co_await client->select();
            co_await client->begin_idle();
            clients->push_back(std::move(client));
            ++work->report->done;
        } catch (const std::exception& error) {
            work->report->fail(error.what());
        }
    }
}

}  // namespace

net::Task<void> log_in_and_select(net::World* world, const Options* options, Report* report) {
    Work work{options, report};
    net::TaskGroup clients(*world, "clients");
    for (std::uint64_t i = 0; i < options->connections; ++i) clients.spawn(log_in_often(world, &work, i));
    co_await clients.join(Deadline::max());
}

net::Task<void> append(net::World* world, const Options* options, Report* report) {
    AppendWork work{{options, report}, MessageMaker(options->seed)};
    net::TaskGroup clients(*world, "clients");
    for (std::uint64_t i = 0; i < options->connections; ++i) clients.spawn(run_appender(world, &work, i));
    co_await clients.join(Deadline::max());
}

net::Task<void> rounds(net::World* world, const Options* options, Rounds what, Report* report) {
    ImapClient client(world, options);
    try {
        co_await client.log_in(0);
        if (what.select_first) co_await client.select();
        report->before.cpu_seconds = cpu_seconds_of(options->pids);
        for (std::uint64_t round = 0; round < options->count; ++round) {
            const double cpu_before = cpu_seconds_of(options->pids);
            const Instant begun = world->tick();
            const Answer answer = co_await client.command(what.commands[round % what.commands.size()]);
            report->latencies_ms.push_back(milliseconds_since(*world, begun));
            report->rounds_cpu_ms.push_back((cpu_seconds_of(options->pids) - cpu_before) * 1000);
            report->messages = client.exists();
            if (!answer.good())
                report->fail(answer.tagged.status + " " + answer.tagged.text);
            else if (what.fetches_all && answer.fetched != client.exists())
                report->fail("FETCH gave " + std::to_string(answer.fetched) + " of " +
                             std::to_string(client.exists()) + " messages");
            else
                ++report->done;
        }
        report->after = usage_of(options->pids);  // while its process still lives
        co_await client.log_out();
    } catch (const std::exception& error) {
        report->fail(error.what());
    }
}

net::Task<void> idle(net::World* world, const Options* options, Report* report) {
    constexpr std::uint64_t openers_max = 32;  // handshakes at once
    Work work{options, report};
    std::vector<std::unique_ptr<ImapClient>> clients;
    net::TaskGroup openers(*world, "openers");
    for (std::uint64_t i = 0; i < std::min(options->connections, openers_max); ++i)
        openers.spawn(open_idle(world, &work, &clients));
    co_await openers.join(Deadline::max());
    const std::chrono::duration<double> hold(options->hold_seconds);
    co_await world->sleep_until(world->after(std::chrono::duration_cast<std::chrono::microseconds>(hold)));
    report->after = usage_of(options->pids);
}

}  // namespace heliopost::bench
