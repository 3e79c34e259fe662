// The directory's part of fsck: every row decodes, every name has its domain, ids are below the last
// given out and nobody shares one, targets and catch-alls can be parsed.
//
// Pure: rows in key order in, findings out; the caller scans store::directory_partition.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "directory/records.h"
#include "store/check.h"

namespace heliopost::directory {

class Check {
public:
    void row(std::string_view key, std::string_view value);  // ascending keys
    void finish();                                           // after the last row

    // Those that log in, and their addresses.
    const std::map<std::uint64_t, std::string>& accounts() const { return accounts_; }
    const std::set<std::uint64_t>& removed() const { return removed_; }        // still to be erased
    const std::vector<store::Problem>& findings() const { return findings_; }  // empty: sound

private:
    void found(store::Harm harm, std::string where, std::string what);
    Result<void> look_at(const Key& key, std::string_view value);
    Result<void> look_at_name(const Key& key, std::string_view value);

    std::optional<Meta> meta_;
    std::set<std::string> domains_;
    std::set<std::uint64_t> domain_ids_, removed_;
    std::map<std::uint64_t, std::string> accounts_;
    std::vector<store::Problem> findings_;
};

}  // namespace heliopost::directory
