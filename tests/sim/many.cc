#include "sim/many.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "sim/simulation.h"

namespace heliopost::sim {
namespace {

constexpr std::size_t findings_shown = 10;
constexpr std::uint64_t seeds_a_line = 500;  // of progress: a minute or so
constexpr int exit_os_error = 71;            // EX_OSERR

unsigned long long wide(std::uint64_t number) {
    return number;
}

std::string replay_line(const Wish& wish) {
    std::string line = "./dev sim " + std::to_string(wish.seed);
    if (wish.steps != 0) line += " --steps " + std::to_string(wish.steps);
    for (const std::size_t left_out : wish.without)
        line += (left_out == *wish.without.begin() ? " --without " : ",") + std::to_string(left_out);
    return line;
}

Report run(const Wish& wish, bool with_log = false) {
    Simulation simulation(make_scenario(wish));
    Report report = simulation.run();
    if (!with_log) return report;
    std::multimap<Instant, std::string> lines;
    for (const auto& server : simulation.servers())
        for (const LogLine& line : server->log())
            lines.emplace(line.at, server->plan().domain() + " " + line.text);
    for (const auto& [at, line] : lines)
        std::printf("%12.6f %s\n", std::chrono::duration<double>(at.time_since_epoch()).count(),
                    line.c_str());
    return report;
}

void tell(const Wish& wish, const Report& report) {
    std::printf(
        "seed %llu: %d messages, %d IMAP operations in %d sessions, %d acknowledgements, %d crashes, %llu "
        "turns, %lld h: %zu findings\n",
        wide(wish.seed), report.messages, report.operations, report.sessions, report.acknowledged,
        report.crashes, wide(report.turns), static_cast<long long>(report.virtual_time.count()),
        report.found);
    for (std::size_t i = 0; i < std::min(report.findings.size(), findings_shown); ++i)
        std::printf("  %s\n", report.findings[i].c_str());
}

// The first process speaks for all: they keep step, more or less.
void show_progress(Range range, std::uint64_t seed, int jobs) {
    const std::uint64_t before = seed - range.from;
    const std::uint64_t done = before + static_cast<std::uint64_t>(jobs);
    if (before / seeds_a_line == done / seeds_a_line || range.to - range.from < seeds_a_line) return;
    std::fprintf(stderr, "some %llu of %llu seeds are good\n", wide(done), wide(range.to - range.from + 1));
}

// One process of several: the seeds of its residue class. Its exit code says whether it found something, and
// the place which seed it is at: an assertion that fails, or an exception, ends the process.
[[noreturn]] void work(Range range, int jobs, int job, std::uint64_t* at) {
    for (std::uint64_t seed = range.from + static_cast<std::uint64_t>(job); seed <= range.to;
         seed += static_cast<std::uint64_t>(jobs)) {
        const Wish wish{.seed = seed, .traced = 0, .steps = 0, .without = {}};
        *at = seed;
        const Report report = run(wish);
        if (report.found == 0) {
            if (job == 0) show_progress(range, seed, jobs);
            continue;
        }
        tell(wish, report);
        std::printf("replay it: %s\n", replay_line(wish).c_str());
        std::fflush(stdout);
        _exit(1);
    }
    std::fflush(stdout);
    _exit(0);
}

}  // namespace

int run_one(const Wish& wish, bool twice, bool with_log) {
    const Report report = run(wish, with_log);
    tell(wish, report);
    const Scenario scenario = make_scenario(wish);
    for (const Fault& fault : scenario.faults) std::printf("  fault: %s\n", to_string(fault).c_str());
    bool same = true;
    if (twice) {
        same = run(wish).hash == report.hash;
        std::printf("%s\n", same ? "a second run gave the same hash" : "a second run gave ANOTHER hash");
    }
    std::printf("%016llx\n", wide(report.hash));
    return report.found == 0 && same ? 0 : 1;
}

int run_many(Range range, int jobs) {
    const std::size_t octets = static_cast<std::size_t>(jobs) * sizeof(std::uint64_t);
    void* const shared = mmap(nullptr, octets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return exit_os_error;
    const std::span<std::uint64_t> seeds(static_cast<std::uint64_t*>(shared), static_cast<std::size_t>(jobs));
    std::vector<pid_t> workers;
    std::map<pid_t, const std::uint64_t*> at;
    for (int job = 0; job < jobs; ++job) {
        const pid_t worker = fork();
        if (worker < 0) return exit_os_error;
        if (worker == 0) work(range, jobs, job, &seeds[static_cast<std::size_t>(job)]);
        workers.push_back(worker);
        at[worker] = &seeds[static_cast<std::size_t>(job)];
    }
    bool good = true;
    while (!workers.empty()) {
        int status = 0;
        const pid_t ended = waitpid(-1, &status, 0);
        std::erase(workers, ended);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
        if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM)
            std::printf("seed %llu: died of signal %d\n", wide(*at[ended]), WTERMSIG(status));
        good = false;
        for (const pid_t other : workers) kill(other, SIGTERM);
    }
    std::printf("seeds %llu to %llu: %s\n", wide(range.from), wide(range.to), good ? "good" : "FAILED");
    return good ? 0 : 1;
}

// Fewer faults, then fewer steps, as long as something is found.
int shrink(Wish wish) {
    if (run(wish).found == 0) {
        std::printf("seed %llu finds nothing\n", wide(wish.seed));
        return 1;
    }
    const auto still_fails = [](const Wish& less) { return run(less).found != 0; };
    for (std::size_t fault = 0;
         fault <
         make_scenario({.seed = wish.seed, .traced = 0, .steps = wish.steps, .without = {}}).faults.size();
         ++fault) {
        Wish less = wish;
        less.without.insert(fault);
        if (still_fails(less)) wish = std::move(less);
    }
    const int steps = make_scenario(wish).steps;
    for (int fewer = 1; fewer < steps; fewer *= 2) {
        Wish less = wish;
        less.steps = fewer;
        if (!still_fails(less)) continue;
        wish = std::move(less);
        break;
    }
    tell(wish, run(wish));
    std::printf("replay it: %s\n", replay_line(wish).c_str());
    return 0;
}

}  // namespace heliopost::sim
