#include "load/pop3.h"

#include "base/text.h"
#include "load/connection.h"
#include "net/task_group.h"

namespace heliopost::bench {
namespace {

struct Reading {
    const Options* options;
    Pop3Kind kind;
    Report* report;
    std::uint64_t next = 0;  // session
};

class Pop3Session {
public:
    Pop3Session(net::World* world, Reading* reading, std::uint64_t number)
        : connection_(world, reading->options), reading_(*reading), number_(number) {}

    net::Task<void> run() {
        const Options& options = *reading_.options;
        co_await connection_.open();
        must(co_await line());
        if (options.tls == Tls::start_tls) {
            must(co_await command("STLS"));
            co_await connection_.start_tls();
        }
        must(co_await command("USER " + numbered(options.user, number_)));
        must(co_await command("PASS " + options.password));
        const std::string stat = co_await command("STAT");
        must(stat);
        const auto messages = to_number(std::string_view(stat).substr(4, stat.find(' ', 4) - 4)).value_or(0);
        reading_.report->messages = messages;
        if (reading_.kind == Pop3Kind::retr) co_await retrieve(messages);
        must(co_await command("QUIT"));
        connection_.close();
    }

private:
    net::Task<void> retrieve(std::uint64_t messages) {
        for (std::uint64_t i = 1; i <= messages; ++i) {
            must(co_await command("RETR " + std::to_string(i)));
            std::string text;
            do text = co_await line();
            while (text != ".");
            ++reading_.report->done;
        }
    }

    net::Task<std::string> command(std::string text) {
        co_await connection_.write(std::move(text) + "\r\n");
        co_return co_await line();
    }

    net::Task<std::string> line() {
        for (;;) {
            if (const auto end = input_.find("\r\n", at_); end != std::string::npos) {
                std::string text = input_.substr(at_, end - at_);
                at_ = end + 2;
                co_return text;
            }
            input_.erase(0, at_);
            at_ = 0;
            const std::string_view more = co_await connection_.read();
            input_ += more;
        }
    }

    static void must(const std::string& answer) {
        if (!answer.starts_with("+OK")) throw net::Gone(answer);
    }

    Connection connection_;
    Reading& reading_;
    std::uint64_t number_;
    std::string input_;
    size_t at_ = 0;
};

net::Task<void> run_sessions(net::World* world, Reading* reading, std::uint64_t number) {
    while (reading->next < reading->options->count) {
        ++reading->next;
        const Instant begun = world->tick();
        try {
            Pop3Session session(world, reading, number);
            co_await session.run();
            if (reading->kind == Pop3Kind::stat) ++reading->report->done;
            const std::chrono::duration<double, std::milli> took = world->tick() - begun;
            reading->report->latencies_ms.push_back(took.count());
        } catch (const std::exception& error) {
            reading->report->fail(error.what());
        }
    }
}

}  // namespace

net::Task<void> read_maildrops(net::World* world, const Options* options, Pop3Kind kind, Report* report) {
    Reading reading{options, kind, report};
    net::TaskGroup sessions(*world, "sessions");
    for (std::uint64_t i = 0; i < options->connections; ++i) sessions.spawn(run_sessions(world, &reading, i));
    co_await sessions.join(Deadline::max());
}

}  // namespace heliopost::bench
