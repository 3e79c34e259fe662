// The rows of the directory partition, to octets and back: docs/format-directory.md.
//
// Decoding fails with Fault::internal: a record is checked when read as when written. Internal to
// directory/ and fsck.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "directory/directory.h"
#include "directory/names.h"

namespace heliopost::directory {

inline constexpr std::size_t secret_octets = 32;        // random, of the directory
inline constexpr std::size_t name_octets_max = 90'000;  // of one record, below store::value_octets_max

enum class RowKind : std::uint8_t { meta = 0, domain = 1, name = 2, change = 3, removed = 4, dkim_key = 5 };

struct Meta {
    std::uint64_t revision = 0;
    std::uint64_t last_account = 0;
    std::uint64_t last_domain = 0;
    std::string secret;
    bool operator==(const Meta&) const = default;
};

std::string meta_key();
std::string domain_key(std::string_view domain);
std::string name_key(const Name& name);
std::string change_key(std::uint64_t revision);
std::string removed_key(AccountId account);

// What a key names.
struct Key {
    RowKind kind = RowKind::meta;
    Name name;                 // domain: only its domain; dkim_key: its selector as local part
    std::uint64_t number = 0;  // change: the revision; removed: the account
    bool operator==(const Key&) const = default;
};
Result<Key> parse_key(std::string_view key);
std::string to_octets(const Key& key);

using NameRecord = std::variant<Account, Alias>;  // their addresses come from the key

std::string encode(const Meta& meta);
std::string encode(const Domain& domain);
std::string encode(const NameRecord& record);
std::string encode_change(const std::vector<std::string>& keys);

Result<Meta> decode_meta(std::string_view octets);
Result<Domain> decode_domain(const Key& key, std::string_view octets);
Result<NameRecord> decode_name(const Key& key, std::string_view octets);
Result<std::vector<std::string>> decode_change(std::string_view octets);

}  // namespace heliopost::directory
