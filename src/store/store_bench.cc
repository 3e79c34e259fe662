// Durable commits of 4 KB from 64 coroutines on one loop: commits a second, and CPU of the process.
//
//   store_store_bench [directory] [seconds]
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "store/rocks_store.h"

namespace {

using namespace heliopost;

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](timeval t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

net::Task<void> commits(store::Store* store, std::uint64_t account, const bool* stop, std::uint64_t* count) {
    const std::string value(4096, 'v');
    while (!*stop) {
        store::Batch batch(store::account_partition(AccountId(account)));
        const auto uid = batch.next("uid");
        batch.mod_sequence();
        batch.put(store::Tuple().u8(1).slot32(uid), value);
        const auto committed = co_await store->commit(std::move(batch));
        if (!committed) std::abort();
        ++*count;
    }
}

// A small message as a delivery writes it: blob, record, membership, counters, change log, reference.
net::Task<void> deliveries(store::Store* store, std::uint64_t account, const bool* stop,
                           std::uint64_t* count) {
    std::uint64_t n = 0;
    while (!*stop) {
        std::string text =
            "Message-ID: <" + std::to_string(account) + "." + std::to_string(++n) + "@bench>\r\n";
        while (text.size() < 2048) text += "The quick brown fox " + std::to_string(text.size() * n) + "\r\n";
        const auto writer = store->blobs().writer(1 << 20);
        const auto appended = co_await writer->append(text);
        if (!appended) std::abort();
        auto staged = co_await writer->finish();
        if (!staged) std::abort();
        std::vector<store::Batch> batches(1, store::Batch(store::account_partition(AccountId(account))));
        store::Batch& batch = batches[0];
        const auto uid = batch.next("uid");
        const auto email = batch.next("email");
        batch.add("messages", 1);
        batch.add("octets", static_cast<std::int64_t>(text.size()));
        batch.put(store::Tuple().u8(1).slot(email), std::string(600, 'e'));
        batch.put(store::Tuple().u8(2).slot32(uid), store::Tuple().field(1, email));
        batch.log(store::ChangeKind::email, 0, store::Tuple().slot(email));
        batch.log(store::ChangeKind::membership, 1, store::Tuple().slot32(uid));
        batch.reference(staged->ref.id, store::Tuple().slot(email));
        std::vector<store::StagedBlob> blobs(1, std::move(*staged));
        const auto committed = co_await store->commit(std::move(batches), std::move(blobs));
        if (!committed) std::abort();
        ++*count;
    }
}

template <class Work>
void measure(const char* name, store::Store& store, int seconds, Work work) {
    boost::asio::io_context loop(1);
    bool stop = false;
    std::uint64_t count = 0;
    constexpr std::uint64_t coroutines = 64;
    for (std::uint64_t i = 0; i < coroutines; ++i)
        boost::asio::co_spawn(loop, work(&store, i, &stop, &count), [](std::exception_ptr) {});
    const auto begin = std::chrono::steady_clock::now();
    const double cpu = cpu_seconds();
    loop.run_for(std::chrono::seconds(seconds));
    stop = true;
    loop.run();
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf("%s: %.0f/s, %.1f us CPU each\n", name, static_cast<double>(count) / took,
                (cpu_seconds() - cpu) * 1e6 / static_cast<double>(count));
}

}  // namespace

int main(int argc, char** argv) {
    heliopost::store::RocksOptions options;
    options.path = argc > 1 ? argv[1] : "/tmp/heliopost-store-bench";
    const int seconds = argc > 2 ? std::atoi(argv[2]) : 5;
    auto opened = heliopost::store::RocksStore::open(options);
    if (!opened) {
        std::fprintf(stderr, "%s\n", opened.error().text.c_str());
        return 1;
    }
    measure("commit of 4 KB, 64 at a time", **opened, seconds, commits);
    measure("delivery of 2 KB, 64 at a time", **opened, seconds, deliveries);
    return 0;
}
