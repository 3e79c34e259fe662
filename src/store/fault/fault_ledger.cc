#include "store/fault/fault_ledger.h"

#include <algorithm>
#include <utility>

#include "store/rocks_store.h"
#include "store/tuple.h"

namespace heliopost::store::fault {
namespace {

constexpr size_t rows_max = 100'000;

std::string octets_of(std::uint64_t seed, size_t count) {
    std::string out;
    out.reserve(count + 8);
    std::uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
    while (out.size() < count) {
        state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        for (int shift = 24; shift < 64; shift += 8) out += static_cast<char>(state >> shift);
    }
    out.resize(count);
    return out;
}

}  // namespace

std::string message_key(std::uint64_t number) {
    return Tuple().octets("m").u64(number);
}

std::string uid_key_prefix() {
    return "u";
}

std::string message_octets(std::uint64_t number, std::uint64_t version) {
    return octets_of(number * 1'000 + version, 20 + number * 37 % 900);
}

// One in four is a small blob, one in forty lies in several chunks.
std::string blob_octets(std::uint64_t number) {
    if (number % 40 == 7) return octets_of(number, 300'000);
    if (number % 4 == 1) return octets_of(number, 500 + number * 97 % 9'000);
    return {};
}

void FaultLedger::acknowledge(Message& message, std::uint64_t number, const Committed& committed) {
    const bool first = message.version == Message::absent;
    message.version = message.asked.value_or(Message::absent);
    message.asked.reset();
    ++acknowledgements;
    size_t part = 0;
    for (size_t account = 0; account < account_count; ++account) {
        if (!message.in[account]) continue;
        const Committed::Part& got = committed.parts.at(part++);
        message.mod_sequence[account] = got.mod_sequence.value;
        if (first) message.uid[account] = got.slots.at(1);
        if (first && got.slots.at(1) <= highest_uid[account])
            findings.add("back", "UID " + std::to_string(got.slots.at(1)) + " of message " +
                                     std::to_string(number) + ", was " +
                                     std::to_string(highest_uid[account]));
        if (got.mod_sequence.value <= highest_mod_sequence[account] ||
            !logged[account].insert(got.mod_sequence.value).second)
            findings.add("back", "mod-sequence " + std::to_string(got.mod_sequence.value) +
                                     " given again, was " + std::to_string(highest_mod_sequence[account]));
    }
}

void FaultLedger::check(Store& store, TestWorld& world) {
    Found found;
    for (size_t account = 0; account < account_count; ++account) check_account(store, world, account, &found);
    for (auto& [number, message] : messages) check_message(number, message, found[number]);
    for (const auto& [number, message] : messages)
        if (message.version != Message::absent && !blob_octets(number).empty())
            check_blob(store, world, number, message);
    std::erase_if(messages, [](const auto& entry) { return entry.second.version == Message::absent; });
    if (auto* const rocks = dynamic_cast<RocksStore*>(&store); rocks != nullptr) {
        const auto report = rocks->check({});
        for (const Problem& problem : report.problems) findings.add("broken", problem.line());
        for (const auto& [blob, damage] : report.damaged) findings.add("broken", damage.what);
    }
}

void FaultLedger::check_account(Store& store, TestWorld& world, size_t account, Found* found) {
    const auto rows = world.run(store.scan(account_rows(account), "m", "n", rows_max, Direction::forward));
    if (!rows) return findings.add("broken", rows.error().text);
    std::set<std::uint64_t> uids;
    for (const auto& [key, value] : *rows) {
        TupleReader in(std::string_view(key).substr(1));
        const auto number = in.u64();
        if (!number) {
            findings.add("torn", "a key that nobody wrote");
            continue;
        }
        check_row(account, *number, value, found);
        if (const auto known = messages.find(*number); known != messages.end())
            if (!uids.insert(known->second.uid[account]).second)
                findings.add("torn",
                             "UID " + std::to_string(known->second.uid[account]) + " names two messages");
    }
    check_numbers(store, world, account, rows->size());
}

void FaultLedger::check_row(size_t account, std::uint64_t number, std::string_view value, Found* found) {
    const std::string where = "message " + std::to_string(number) + " in account " + std::to_string(account);
    const auto known = messages.find(number);
    if (known == messages.end() || !known->second.in[account])
        return findings.add(number <= last_number ? "resurrected" : "torn", where);
    TupleReader in(value);
    const auto mod_sequence = in.u64();
    const auto uid = in.u64();
    const auto version = in.u64();
    if (!mod_sequence || !uid || !version || in.rest() != message_octets(number, *version))
        return findings.add("torn", where);
    Message& message = known->second;
    const bool acknowledged = *version == message.version;
    if (message.uid[account] != 0 && *uid != message.uid[account])
        findings.add("back", where + ": its UID changed");
    if (acknowledged && *mod_sequence != message.mod_sequence[account])
        findings.add("back", where + ": its mod-sequence changed");
    message.uid[account] = *uid;
    message.mod_sequence[account] = *mod_sequence;
    (*found)[number][account] = *version;
}

void FaultLedger::check_numbers(Store& store, TestWorld& world, size_t account, size_t rows) {
    const PartitionId partition = account_rows(account);
    const auto count = world.run(store.counter(partition, "messages"));
    const auto uid = world.run(store.counter(partition, "uid"));
    const auto mod_sequence = world.run(store.counter(partition, std::string(mod_sequence_counter)));
    const auto changes =
        world.run(store.changes(AccountId(partition.number), ModSequence(looked_until[account]), rows_max));
    if (!count || !uid || !mod_sequence || !changes)
        return findings.add("broken", "a counter or the change log");
    if (*count != rows)
        findings.add("torn", std::to_string(rows) + " rows, counted " + std::to_string(*count));
    for (const auto& [number, message] : messages)
        highest_uid[account] = std::max(highest_uid[account], message.uid[account]);
    if (*uid < highest_uid[account]) findings.add("back", "the counter of UIDs is " + std::to_string(*uid));
    if (!logged[account].empty())
        highest_mod_sequence[account] = std::max(highest_mod_sequence[account], *logged[account].rbegin());
    if (*mod_sequence < highest_mod_sequence[account])
        findings.add("back", "the counter of mod-sequences is " + std::to_string(*mod_sequence));
    std::uint64_t last = looked_until[account];
    for (const Change& change : *changes) {
        if (change.mod_sequence.value != last + 1)
            findings.add("torn", "the change log goes from " + std::to_string(last) + " to " +
                                     std::to_string(change.mod_sequence.value));
        last = change.mod_sequence.value;
        logged[account].erase(last);
    }
    for (const std::uint64_t missing : logged[account])
        findings.add("lost", "change " + std::to_string(missing) + " of account " + std::to_string(account));
    logged[account].clear();
    looked_until[account] = highest_mod_sequence[account] = *mod_sequence;
    highest_uid[account] = *uid;
}

void FaultLedger::check_message(std::uint64_t number, Message& message,
                                const std::array<std::uint64_t, account_count>& versions) {
    const std::string where = "message " + std::to_string(number);
    std::optional<std::uint64_t> version;
    for (size_t account = 0; account < account_count; ++account) {
        if (!message.in[account]) continue;
        if (version && *version != versions[account])
            findings.add("torn", where + ": not the same in both accounts");
        version = versions[account];
    }
    if (version != message.version && version != message.asked)
        findings.add("lost", where + ": version " + std::to_string(message.version) + " acknowledged, " +
                                 std::to_string(version.value_or(0)) + " found");
    message.version = version.value_or(Message::absent);
    message.asked.reset();
}

void FaultLedger::check_blob(Store& store, TestWorld& world, std::uint64_t number, const Message& message) {
    const std::string wanted = blob_octets(number);
    const auto got = world.run(store.blobs().read(message.blob.id, 0, wanted.size() + 1));
    if (!got)
        return findings.add("lost",
                            "the blob of message " + std::to_string(number) + ": " + got.error().text);
    if (*got != wanted) findings.add("torn", "the blob of message " + std::to_string(number));
}

}  // namespace heliopost::store::fault
