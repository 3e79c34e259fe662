#include "queue/hold_all.h"

#include "queue/records.h"
#include "store/tuple.h"

namespace heliopost::queue {

net::Task<Result<std::size_t>> hold_all(store::Store* store) {
    constexpr std::size_t rows_a_commit = 1'000;
    std::size_t held = 0;
    std::string low = entry_key(QueueId(0));
    for (bool more = true; more;) {
        const auto page = CO_TRY(co_await store->scan(store::queue_partition, low, last_key(), rows_a_commit,
                                                      store::Direction::forward));
        store::Batch batch(store::queue_partition);
        for (const auto& [octets, value] : page) {
            const auto key = parse_key(octets);
            if (!key) continue;
            const auto& number = key->recipient;
            if (!number) continue;
            auto recipient = decode_recipient(*number, value);
            if (!recipient || recipient->state != State::pending) continue;
            recipient->state = State::held;
            batch.put(octets, store::Tuple(encode(*recipient)));
            ++held;
        }
        if (!batch.puts().empty()) CO_TRY(co_await store->commit(std::move(batch)));
        more = page.size() == rows_a_commit;
        if (more) low = page.back().first + '\0';
    }
    co_return held;
}

}  // namespace heliopost::queue
