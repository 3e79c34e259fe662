// heliopost serve, check-config, reload.
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "main/command.h"
#include "main/confinement.h"
#include "main/inspect.h"
#include "main/program.h"
#include "net/key_memory.h"
#include "net/notify.h"
#include "net/system_clock.h"

namespace heliopost {
namespace {

std::string notify_socket() {
    const char* socket = getenv("NOTIFY_SOCKET");
    return socket == nullptr ? "" : socket;
}

// All threads inherit the mask: signals come to the main thread alone, which waits for them.
sigset_t block_signals() {
    signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    for (const int one : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, one);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return set;
}

// While the server drains, a second SIGTERM or SIGINT ends the process at once, as one that crashes: nothing
// that was acknowledged is lost.
void end_at_next_signal() {
    sigset_t set;
    sigemptyset(&set);
    for (const int one : {SIGTERM, SIGINT}) {
        signal(one, SIG_DFL);
        sigaddset(&set, one);
    }
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

// A connection is a descriptor: as many as the system lets us have.
void raise_file_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void tell(const Log& log, const std::vector<sandbox::Measure>& measures) {
    for (const sandbox::Measure& measure : measures)
        if (measure.in_force) {
            log.debug("sandbox", {{"measure", measure.name}, {"detail", measure.detail}});
        } else {
            log.warning("not in force", {{"measure", measure.name}, {"reason", measure.detail}});
        }
}

Result<void> prepare(Program& program) {
    TRY(program.read_certificates());
    return program.listen();
}

// A backup that has the store open, and a disk without room, pass; a store of a newer format does not.
int exit_of(const Error& not_opened) {
    const bool passes = not_opened.fault == Fault::exists || not_opened.fault == Fault::temporary;
    return passes ? exit_temporary : exit_configuration;
}

}  // namespace

int command_serve(const CommonOptions& common) {
    const sigset_t signals = block_signals();
    raise_file_limit();
    const bool keys_locked = net::lock_key_memory();
    auto settings = load_settings(common.config);
    if (!settings) return report(common, settings.error(), exit_configuration);
    Log log(settings->log.format, settings->log.level, net::system_now, stderr_sink());
    const bool sandboxed = settings->server.sandbox;
    if (!keys_locked) log.warning("not in force", {{"measure", "locked keys"}, {"reason", "RLIMIT_MEMLOCK"}});
    if (sandboxed)
        tell(log,
             sandbox::confine(sandbox_plan(*settings, common.config, notify_socket())));  // before any thread
    Program program(*std::move(settings), common.config, log);
    if (const auto ready = prepare(program); !ready) return report(common, ready.error(), exit_configuration);
    if (const auto opened = program.open(); !opened)
        return report(common, opened.error(), exit_of(opened.error()));
    if (sandboxed) tell(log, {sandbox::seal_system_calls()});
    if (geteuid() == 0) log.warning("running as root: set server.user", {});
    program.start();
    net::notify_systemd(notify_socket(), "READY=1");
    for (;;) {
        int caught = 0;
        sigwait(&signals, &caught);
        if (caught != SIGHUP) break;
        program.reload_soon();
    }
    net::notify_systemd(notify_socket(), "STOPPING=1");
    end_at_next_signal();
    program.stop();
    return exit_good;
}

int command_check_config(const CommonOptions& common) {
    auto settings = load_settings(common.config);
    if (!settings) return report(common, settings.error(), exit_configuration);
    const auto wrong = inspect(*settings, common.config);
    Log log(LogFormat::logfmt, LogLevel::warning, net::system_now, stderr_sink());
    Program program(*std::move(settings), common.config, log);
    if (const auto read = program.read_certificates(); !read)
        return report(common, read.error(), exit_configuration);
    for (const std::string& one : wrong) report(common, {Fault::syntax, one});
    if (!wrong.empty()) return exit_configuration;
    if (common.json) std::puts("{\"good\":true}");
    if (!common.json) std::printf("%s: good\n", common.config.c_str());
    return exit_good;
}

int command_reload(const CommonOptions& common) {
    return command_admin(common, {"server.reload", {}});
}

}  // namespace heliopost
