// FaultLedger: what was asked of a store under fault, what it acknowledged, and whether that is there after
// it. For tests.
//
// A message stands in one account or, delivered together, in two. Its row's value says its mod-sequence, its
// UID, its version, and octets that follow from its number and version, so that any other octets are seen.
// One coroutine changes a message, one commit at a time: after a cut each message is as last acknowledged, or
// as the commit under way would have it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/blob.h"
#include "store/store.h"
#include "store/test_world.h"

namespace heliopost::store::fault {

inline constexpr size_t account_count = 2;
constexpr PartitionId account_rows(size_t account) {
    return account_partition(AccountId(7 + account));
}

std::string message_key(std::uint64_t number);
std::string uid_key_prefix();
std::string message_octets(std::uint64_t number, std::uint64_t version);
std::string blob_octets(std::uint64_t number);  // empty: this message has no blob

struct Message {
    static constexpr std::uint64_t absent = 0;  // as a version; the first is 1

    std::array<bool, account_count> in{};
    std::uint64_t version = absent;                                  // acknowledged
    std::optional<std::uint64_t> asked;                              // by the commit under way
    std::array<std::uint64_t, account_count> uid{}, mod_sequence{};  // acknowledged or found
    BlobRef blob;
};

struct Findings {
    std::map<std::string, int> count;  // by promise: lost, torn, back, resurrected, broken
    std::vector<std::string> texts;
    void add(const std::string& promise, std::string text) {
        ++count[promise];
        if (texts.size() < 20) texts.push_back(promise + ": " + std::move(text));
    }
    bool any() const { return !count.empty(); }
};

struct FaultLedger {
    std::map<std::uint64_t, Message> messages;
    std::uint64_t last_number = 0;
    std::uint64_t acknowledgements = 0;
    std::array<std::uint64_t, account_count> highest_uid{}, highest_mod_sequence{};  // seen at the last look
    std::array<std::set<std::uint64_t>, account_count>
        logged;  // mod-sequences acknowledged since the last look
    std::array<std::uint64_t, account_count> looked_until{};
    Findings findings;

    void acknowledge(Message& message, std::uint64_t number, const Committed& committed);

    // Reads all that the store has. What was under way is settled by what is found.
    void check(Store& store, TestWorld& world);

private:
    using Found = std::map<std::uint64_t, std::array<std::uint64_t, account_count>>;  // versions by number
    void check_account(Store& store, TestWorld& world, size_t account, Found* found);
    void check_row(size_t account, std::uint64_t number, std::string_view value, Found* found);
    void check_numbers(Store& store, TestWorld& world, size_t account, size_t rows);
    void check_message(std::uint64_t number, Message& message,
                       const std::array<std::uint64_t, account_count>& versions);
    void check_blob(Store& store, TestWorld& world, std::uint64_t number, const Message& message);
};

}  // namespace heliopost::store::fault
