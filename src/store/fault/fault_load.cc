#include "store/fault/fault_load.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

namespace heliopost::store::fault {
namespace {

constexpr std::uint64_t blob_octets_max = 1'000'000;

std::uint64_t worker_of(std::uint64_t number) {
    return number % FaultLoad::workers;
}

Batch delivery(size_t account, std::uint64_t number) {
    Batch batch(account_rows(account));
    const Slot mod_sequence = batch.mod_sequence();
    const Slot uid = batch.next("uid");
    batch.add("messages", 1);
    batch.put(message_key(number),
              Tuple().slot(mod_sequence).slot(uid).u64(1).octets(message_octets(number, 1)));
    batch.log(ChangeKind::email, 0, Tuple().u64(number));
    return batch;
}

}  // namespace

void FaultLoad::run(TestWorld& world, std::uint64_t commits_max) {
    commits_max_ = commits_max;
    for (size_t worker = 0; worker < workers; ++worker)
        boost::asio::co_spawn(world.loop, work(worker), [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        });
    world.loop.restart();
    world.loop.run();
}

std::vector<std::uint64_t> FaultLoad::live(size_t worker) const {
    std::vector<std::uint64_t> out;
    for (const auto& [number, message] : ledger_.messages)
        if (worker_of(number) == worker && message.version != Message::absent) out.push_back(number);
    return out;
}

std::uint64_t FaultLoad::next_number(size_t worker) {
    const std::lock_guard lock(ledger_writing);
    std::uint64_t number = ++ledger_.last_number;
    while (worker_of(number) != worker) number = ++ledger_.last_number;
    return number;
}

net::Task<void> FaultLoad::work(size_t worker) {
    while (!over()) {
        const auto mine = live(worker);
        const size_t choice = mine.size() >= live_max ? 9 : draw(10);
        if (mine.empty() || choice < 5) {
            co_await deliver(next_number(worker));
        } else {
            co_await change(mine[draw(mine.size())], choice >= 8);
        }
    }
}

net::Task<void> FaultLoad::deliver(std::uint64_t number) {
    Message message;
    const size_t where = draw(3);  // one, the other, both
    message.in = {where != 1, where != 0};
    message.asked = 1;
    std::vector<StagedBlob> blobs;
    if (std::string octets = blob_octets(number); !octets.empty()) {
        auto staged = co_await stage(std::move(octets));
        if (!staged || over()) {
            failed_ = failed_ || !staged;
            co_return;
        }
        message.blob = staged->ref;
        blobs.push_back(std::move(*staged));
    }
    std::vector<Batch> batches;
    for (size_t account = 0; account < account_count; ++account) {
        if (!message.in[account]) continue;
        batches.push_back(delivery(account, number));
        if (!blobs.empty()) batches.back().reference(message.blob.id, Tuple().u64(number));
    }
    {
        const std::lock_guard lock(ledger_writing);
        ledger_.messages.emplace(number, std::move(message));
    }
    co_await commit(number, std::move(batches), std::move(blobs));
}

net::Task<Result<StagedBlob>> FaultLoad::stage(std::string octets) {
    const auto writer = store_.blobs().writer(blob_octets_max);
    CO_TRY(co_await writer->append(octets));
    co_return co_await writer->finish();
}

net::Task<void> FaultLoad::change(std::uint64_t number, bool remove) {
    Message& message = ledger_.messages.at(number);
    {
        const std::lock_guard lock(ledger_writing);
        message.asked = remove ? Message::absent : message.version + 1;
    }
    std::vector<Batch> batches;
    for (size_t account = 0; account < account_count; ++account) {
        if (!message.in[account]) continue;
        Batch& batch = batches.emplace_back(account_rows(account));
        const Slot mod_sequence = batch.mod_sequence();
        batch.log(ChangeKind::email, 0, Tuple().u64(number));
        if (remove) {
            batch.erase(message_key(number));
            batch.add("messages", -1);
            if (!blob_octets(number).empty()) batch.release(message.blob.id, number);
        } else {
            batch.put(message_key(number), Tuple()
                                               .slot(mod_sequence)
                                               .u64(message.uid[account])
                                               .u64(*message.asked)
                                               .octets(message_octets(number, *message.asked)));
        }
    }
    co_await commit(number, std::move(batches), {});
}

net::Task<void> FaultLoad::commit(std::uint64_t number, std::vector<Batch> batches,
                                  std::vector<StagedBlob> blobs) {
    auto committed = co_await store_.commit(std::move(batches), std::move(blobs));
    if (disk_.cut()) co_return;
    ++commits_;
    const std::lock_guard lock(ledger_writing);
    if (!committed) {
        failed_ = true;
        ledger_.findings.add("broken", "a commit was refused: " + committed.error().text);
        co_return;
    }
    ledger_.acknowledge(ledger_.messages.at(number), number, *committed);
}

}  // namespace heliopost::store::fault
