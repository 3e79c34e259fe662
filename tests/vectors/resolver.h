// A world whose resolver asks one DNS server, for the programs that judge test suites.
#pragma once

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "net/system_clock.h"
#include "net/system_world.h"
#include "net/task_group.h"
#include "net/unbound_resolver.h"

namespace heliopost::vectors {

inline constexpr std::chrono::seconds query_time_max{20};

// Runs the task that `make` gives for the world; the task stops the world. The process's exit code.
template <class Make>
int run_with_resolver(const char* server, Make make) {
    net::UnboundOptions options;
    options.upstreams = {server};
    options.query_localhost = true;
    options.extra_lines = {"unblock-lan-zones: yes"};  // the suites have reverse names of private networks
    const auto context = net::UnboundContext::make(options);
    if (!context) {
        std::fprintf(stderr, "%s\n", context.error().text.c_str());
        return 1;
    }
    const Log log(LogFormat::logfmt, LogLevel::warning, net::system_now,
                  [](LogLevel, std::string_view line) { std::cerr << line << '\n'; });
    net::SystemWorld world(log, std::make_shared<net::Pool>(1));
    world.set_resolver(std::make_unique<net::UnboundResolver>(world, *context));
    net::TaskGroup group(world, "vectors");
    group.spawn(make(&world));
    world.run();
    return 0;
}

}  // namespace heliopost::vectors
