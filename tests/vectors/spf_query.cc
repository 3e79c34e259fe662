// spf_query SERVER: check_host() for each line of standard input, "client TAB helo TAB local part TAB
// domain", with libunbound asking SERVER ("127.0.0.1@5353"). Prints "verdict TAB explanation TAB reason".
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "base/text.h"
#include "checks/spf/check_host.h"
#include "net/system_clock.h"
#include "net/system_world.h"
#include "net/task_group.h"
#include "net/unbound_resolver.h"

namespace {

using namespace heliopost;

constexpr std::chrono::seconds query_time_max{20};

net::Task<void> answer(net::SystemWorld* world, std::vector<std::string> lines) {
    for (const std::string& line : lines) {
        const auto words = split(line, '\t');
        spf_check::Question question{.client = boost::asio::ip::make_address(std::string(words.at(0))),
                                     .helo = std::string(words.at(1)),
                                     .local_part = std::string(words.at(2)),
                                     .domain = std::string(words.at(3)),
                                     .receiver = "mx.receiver.example"};
        net::DnsBudget dns(world->resolver(), world->after(query_time_max));
        const spf_check::Answer found = co_await spf_check::check_host(world, &dns, std::move(question));
        std::printf("%s\t%s\t%s\n", std::string(name_of(found.verdict)).c_str(), found.explanation.c_str(),
                    found.reason.c_str());
    }
    world->stop();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 64;
    std::vector<std::string> lines;
    for (std::string line; std::getline(std::cin, line);) lines.push_back(line);
    net::UnboundOptions options;
    options.upstreams = {argv[1]};
    options.query_localhost = true;
    options.extra_lines = {"unblock-lan-zones: yes"};  // the suites have reverse names of private networks
    const auto context = net::UnboundContext::make(options);
    if (!context) {
        std::fprintf(stderr, "spf_query: %s\n", context.error().text.c_str());
        return 1;
    }
    const Log log(LogFormat::logfmt, LogLevel::warning, net::system_now,
                  [](LogLevel, std::string_view line) { std::cerr << line << '\n'; });
    net::SystemWorld world(log, std::make_shared<net::Pool>(1));
    world.set_resolver(std::make_unique<net::UnboundResolver>(world, *context));
    net::TaskGroup group(world, "spf");
    group.spawn(answer(&world, std::move(lines)));
    world.run();
    return 0;
}
