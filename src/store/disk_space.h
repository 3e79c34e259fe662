// DiskSpace: is there more room on the store's file system than its reserve? Asked at most once a second.
// Any thread. Internal to store/.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace heliopost::store {

// What an unprivileged process can still write; the largest number when the system does not say.
std::uint64_t free_octets(const std::string& path);

class DiskSpace {
public:
    static constexpr std::uint64_t reserve_octets_min = 1ULL << 30;
    static constexpr std::uint64_t reserve_share = 50;  // one 50th: 2 %

    DiskSpace(std::string path, std::optional<std::uint64_t> reserve);
    bool above_reserve() const;

private:
    std::string path_;
    std::uint64_t reserve_;
    mutable std::atomic<std::int64_t> asked_at_ms_ = 0;
    mutable std::atomic<bool> above_ = true;
};

}  // namespace heliopost::store
