#include "store/disk_space.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "net/system_clock.h"

namespace heliopost::store {
namespace {

constexpr std::int64_t ask_every_ms = 1000;

std::uint64_t total_octets(const std::string& path) {
    struct statvfs system{};
    if (::statvfs(path.c_str(), &system) != 0) return 0;
    return system.f_blocks * system.f_frsize;
}

}  // namespace

std::uint64_t free_octets(const std::string& path) {
    struct statvfs system{};
    if (::statvfs(path.c_str(), &system) != 0) return std::numeric_limits<std::uint64_t>::max();
    return system.f_bavail * system.f_frsize;
}

DiskSpace::DiskSpace(std::string path, std::optional<std::uint64_t> reserve)
    : path_(std::move(path)),
      reserve_(reserve.value_or(std::max(total_octets(path_) / reserve_share, reserve_octets_min))) {}

bool DiskSpace::above_reserve() const {
    const auto since_start = net::system_tick().time_since_epoch();
    const std::int64_t now_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(since_start).count() + 1;
    std::int64_t asked_at_ms = asked_at_ms_;
    const bool due = asked_at_ms == 0 || now_ms - asked_at_ms >= ask_every_ms;
    if (due && asked_at_ms_.compare_exchange_strong(asked_at_ms, now_ms))
        above_ = free_octets(path_) >= reserve_;
    return above_;
}

}  // namespace heliopost::store
