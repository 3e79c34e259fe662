#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstdio>
#include <string_view>
#include <thread>

#include "base/assert.h"
#include "store/fault/fault_engine.h"
#include "store/fault/fault_load.h"
#include "store/fault/fault_sweep.h"

namespace heliopost::store::fault {
namespace {

constexpr size_t small_memtable_octets = 64 * 1024;
constexpr std::uint64_t commits_of_a_life = 150;
constexpr int wait_ms_max = 20'000;

// What the threads tell the main thread, one octet each.
enum Word : char {
    runner_stopped = 'r',
    other_stopped = 'o',
    left_the_load = 'l',
    closed = 'c',
    did_not_open = 'f'
};
int tell_end = -1;
thread_local bool is_runner = false;

void tell(Word word) {
    ASSERT(::write(tell_end, &word, 1) == 1);
}

// The engine's end of the process: it stays here, so that the rest of the process can look at what it left.
extern "C" void stay(int) {
    tell(is_runner ? runner_stopped : other_stopped);
    while (true) ::pause();
}

struct Life {
    FaultEngine engine;
    FaultLedger ledger;
    std::atomic<bool> stopping = false;

    explicit Life(std::uint64_t seed) : engine(seed, small_memtable_octets) {}

    void run() {
        is_runner = true;
        if (!engine.open()) return tell(did_not_open);
        if (!stopping)
            FaultLoad(*engine.store, *engine.disk, ledger, engine.seed).run(engine.world, commits_of_a_life);
        tell(left_the_load);
        if (stopping) return;
        engine.store.reset();
        tell(closed);
    }
    void stop() {
        stopping = true;
        // Behind all acknowledgements that the engine gave before.
        boost::asio::post(engine.world.loop, [this] { engine.world.loop.stop(); });
    }
};

Word hear(int from, int wait_ms) {
    pollfd waiting{.fd = from, .events = POLLIN, .revents = 0};
    Word word = closed;
    if (::poll(&waiting, 1, wait_ms) != 1 || ::read(from, &word, 1) != 1) return Word{};
    return word;
}

Ending wait_for_end(Life& life, int from) {
    bool left = false;
    while (true) {
        switch (hear(from, wait_ms_max)) {
            case runner_stopped:
                return Ending::stopped;
            case other_stopped:
                life.stop();
                if (!left) hear(from, 2'000);  // nothing comes from a thread that waits for the engine
                return Ending::stopped;
            case left_the_load:
                left = true;
                continue;
            case closed:
                return Ending::unharmed;
            case did_not_open:
                return Ending::refused;
        }
        std::printf("    broken: the store neither stopped nor went on\n");
        return Ending::broken;
    }
}

// The line that end_process prints.
bool said_so(int printed) {
    char text[4096];
    const auto count = ::pread(printed, text, sizeof text, 0);
    return count > 0 &&
           std::string_view(text, static_cast<size_t>(count)).contains("so that nothing is acknowledged");
}

}  // namespace

Ending fail_once(Plan plan, std::uint64_t seed) {
    int ends[2];
    ASSERT(::pipe(ends) == 0);
    tell_end = ends[1];
    std::signal(SIGABRT, stay);
    // Some of the engine's threads will stay.
    rocksdb::Env::Default()->SetBackgroundThreads(4, rocksdb::Env::LOW);
    rocksdb::Env::Default()->SetBackgroundThreads(4, rocksdb::Env::HIGH);

    const int printed = ::memfd_create("stderr", 0);
    ASSERT(printed >= 0 && ::dup2(printed, STDERR_FILENO) >= 0);

    // Left behind with the threads that use it; the process ends after this.
    auto* const life = new Life(seed);
    life->engine.disk->plan(plan);
    std::thread([life] { life->run(); }).detach();
    const Ending ending = wait_for_end(*life, ends[0]);
    if (ending == Ending::broken) return ending;

    Life after(seed + 1);
    const Image image = life->engine.disk->image();
    after.engine.disk = std::make_shared<FaultDisk>(seed + 1, image);
    write_image(image, after.engine.directory.store());
    {
        const std::lock_guard lock(ledger_writing);
        after.ledger = life->ledger;
    }
    Findings& findings = after.ledger.findings;
    if (ending == Ending::stopped && !said_so(printed))
        findings.add("broken", "the process ended without its reason");
    // Twice: what is given now must hold as well.
    for (int i = 0; i < 2; ++i) {
        if (const auto opened = after.engine.open(); !opened) {
            findings.add("broken", opened.error().text);
            break;
        }
        after.ledger.check(*after.engine.store, after.engine.world);
        FaultLoad(*after.engine.store, *after.engine.disk, after.ledger, seed).run(after.engine.world, 10);
        after.engine.store.reset();
    }
    for (const std::string& text : findings.texts) std::printf("    %s\n", text.c_str());
    if (findings.any()) return Ending::broken;
    return life->engine.disk->troubled() ? ending : Ending::unasked;
}

}  // namespace heliopost::store::fault
