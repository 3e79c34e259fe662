// heliopost_load: puts load on any mail server, and says what it cost the server.
//
// One thread, so that on a machine with few processors the server keeps the others. It verifies no
// certificate: it is for one's own servers on loopback.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <functional>

#include "load/imap.h"
#include "load/pop3.h"
#include "load/report.h"
#include "load/smtp.h"
#include "net/system_world.h"
#include "net/task_group.h"

namespace heliopost::bench {
namespace {

using Operation = std::function<net::Task<void>(net::World*, const Options*, Report*)>;

net::Task<void> measure(net::SystemWorld* world, const Options* options, const Operation* operation,
                        Report* report) {
    report->before = usage_of(options->pids);
    const Instant begun = world->tick();
    try {
        co_await (*operation)(world, options, report);
    } catch (const std::exception& error) {
        report->fail(error.what());
    }
    report->seconds = std::chrono::duration<double>(world->tick() - begun).count();
    if (report->after.processes == 0) report->after = usage_of(options->pids);
    world->stop();
}

int run(const Options& options, const Operation& operation) {
    std::signal(SIGPIPE, SIG_IGN);
    const Log log(
        LogFormat::logfmt, LogLevel::warning,
        [] {
            return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
        },
        stderr_sink());
    net::SystemWorld world(log, std::make_shared<net::Pool>(1));
    Report report;
    {
        net::TaskGroup tasks(world, "load");
        tasks.spawn(measure(&world, &options, &operation, &report));
        world.run();
        world.io().restart();
        world.io().poll();
    }
    return print(options, std::move(report)) ? 0 : 1;
}

// The options as the command line gives them.
class Arguments {
public:
    explicit Arguments(CLI::App& app) {
        app.require_subcommand(1);
        app.fallthrough();
        app.add_option("--to", to_, "HOST:PORT (an address) or the path of a Unix socket");
        app.add_flag("--tls", tls_, "start TLS inside the session");
        app.add_flag("--tls-from-start", tls_from_start_, "TLS from the first octet");
        app.add_option("--pid", options.pids, "the server's processes: what they and theirs use is printed")
            ->delimiter(',');
        app.add_option("--connections", options.connections)->check(CLI::Range(1, 100'000));
        app.add_option("--messages,--count,--rounds", options.count, "how often")->check(CLI::PositiveNumber);
        app.add_option("--size", options.octets, "of a message, in octets")
            ->check(CLI::Range(1, 100'000'000));
        app.add_option("--sender", options.sender);
        app.add_option("--recipients", options.recipients, "ADDRESS,... in turn")->delimiter(',');
        app.add_option("--login", login_, "USER:PASSWORD for SMTP");
        app.add_option("--user", options.user, "%d becomes the connection's number");
        app.add_option("--password", options.password);
        app.add_option("--mailbox", options.mailbox);
        app.add_option("--text", options.text, "to search for");
        app.add_option("--window", options.window, "APPEND commands on their way at once");
        app.add_option("--seed", options.seed, "makes messages differ from those of another run");
        app.add_option("--hold", options.hold_seconds, "seconds that idle connections wait");
    }

    // Throws CLI::ValidationError.
    void finish() {
        if (const auto to = net::parse_endpoint(to_))
            options.to = *to;
        else
            throw CLI::ValidationError("--to", to.error().text);
        options.tls = tls_from_start_ ? Tls::from_start : tls_ ? Tls::start_tls : Tls::none;
        if (const auto colon = login_.find(':'); colon != std::string::npos) {
            options.user = login_.substr(0, colon);
            options.password = login_.substr(colon + 1);
        }
    }

    Options options;

private:
    std::string to_;
    std::string login_;
    bool tls_ = false;
    bool tls_from_start_ = false;
};

Operation in_rounds(Rounds what) {
    return [what](net::World* world, const Options* options, Report* report) {
        return rounds(world, options, what, report);
    };
}

void add_smtp(CLI::App& app, Operation* chosen) {
    for (const auto kind : {SmtpKind::smtp, SmtpKind::lmtp}) {
        auto* command = app.add_subcommand(kind == SmtpKind::smtp ? "smtp" : "lmtp", "send messages");
        command->callback([=] {
            *chosen = [=](net::World* world, const Options* options, Report* report) {
                return send_messages(world, options, kind, report);
            };
        });
    }
}

void add_imap(CLI::App& app, Arguments* arguments, Operation* chosen) {
    auto* imap =
        app.add_subcommand("imap", "read and change mailboxes")->require_subcommand(1)->fallthrough();
    const auto add = [&](const std::string& name, const std::string& meaning, auto make) {
        imap->add_subcommand(name, meaning)->callback([=] { *chosen = make(); });
    };
    add("login", "connect, LOGIN, SELECT, LOGOUT", [] { return Operation(log_in_and_select); });
    add("append-fill", "APPEND messages", [] { return Operation(append); });
    add("idle", "hold idle connections, and read the server's memory", [] { return Operation(idle); });
    add("select", "SELECT, log in apart",
        [=] { return in_rounds({{"SELECT \"" + arguments->options.mailbox + "\""}, false, false}); });
    add("fetch-flags", "FETCH 1:* (FLAGS)",
        [] { return in_rounds({{"FETCH 1:* (UID FLAGS)"}, true, true}); });
    add("fetch-envelope", "FETCH 1:* (ENVELOPE)",
        [] { return in_rounds({{"FETCH 1:* (UID ENVELOPE)"}, true, true}); });
    add("store-all", "STORE 1:* +FLAGS and -FLAGS in turn", [] {
        return in_rounds(
            {{"STORE 1:* +FLAGS.SILENT (\\Flagged)", "STORE 1:* -FLAGS.SILENT (\\Flagged)"}, true, false});
    });
    add("search-body", "SEARCH BODY",
        [=] { return in_rounds({{"SEARCH BODY \"" + arguments->options.text + "\""}, true, false}); });
}

void add_pop3(CLI::App& app, Operation* chosen) {
    auto* pop3 = app.add_subcommand("pop3", "read maildrops")->require_subcommand(1)->fallthrough();
    for (const auto kind : {Pop3Kind::stat, Pop3Kind::retr}) {
        auto* command = pop3->add_subcommand(kind == Pop3Kind::stat ? "stat" : "retr");
        command->callback([=] {
            *chosen = [=](net::World* world, const Options* options, Report* report) {
                return read_maildrops(world, options, kind, report);
            };
        });
    }
}

std::string operation_name(const CLI::App& app) {
    std::string name;
    for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
        at = at->get_subcommands().front();
        name += (name.empty() ? "" : " ") + at->get_name();
    }
    return name;
}

int main_of(int argc, char** argv) {
    CLI::App app("Load for a mail server: one line of JSON on standard output.", "heliopost_load");
    Arguments arguments(app);
    Operation chosen;
    add_smtp(app, &chosen);
    add_imap(app, &arguments, &chosen);
    add_pop3(app, &chosen);
    bool only_usage = false;
    app.add_subcommand("usage", "what the processes of --pid use")->callback([&] { only_usage = true; });
    for (CLI::App* command : app.get_subcommands({})) command->fallthrough();
    try {
        app.parse(argc, argv);
        if (!only_usage) arguments.finish();
        const bool sends = app.got_subcommand("smtp") || app.got_subcommand("lmtp");
        if (sends && arguments.options.recipients.empty()) throw CLI::RequiredError("--recipients");
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    }
    if (only_usage) {
        const Usage usage = usage_of(arguments.options.pids);
        std::printf("{\"cpu_seconds\": %.6f, \"rss_kib\": %llu, \"pss_kib\": %llu, \"processes\": %llu}\n",
                    usage.cpu_seconds, static_cast<unsigned long long>(usage.resident_octets / 1024),
                    static_cast<unsigned long long>(usage.proportional_octets / 1024),
                    static_cast<unsigned long long>(usage.processes));
        return usage.processes > 0 ? 0 : 1;
    }
    arguments.options.operation = operation_name(app);
    return run(arguments.options, chosen);
}

}  // namespace
}  // namespace heliopost::bench

int main(int argc, char** argv) {
    return heliopost::bench::main_of(argc, argv);
}
