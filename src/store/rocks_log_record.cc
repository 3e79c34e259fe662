#include "store/rocks_log_record.h"

#include "store/crc32c.h"

namespace heliopost::store {
namespace {

std::uint32_t unmask(std::uint32_t masked) {
    const std::uint32_t rotated = masked - 0xa282ead8U;
    return (rotated >> 17) | (rotated << 15);
}

}  // namespace

std::uint64_t little_endian(std::string_view octets) {
    std::uint64_t value = 0;
    for (std::size_t i = octets.size(); i > 0; --i)
        value = (value << 8) | static_cast<unsigned char>(octets[i - 1]);
    return value;
}

std::optional<LogRecord> LogRecord::read(std::string_view octets) {
    if (octets.size() < header_octets) return std::nullopt;
    const auto type = static_cast<unsigned char>(octets[6]);
    const std::size_t length = little_endian(octets.substr(4, 2));
    if (type < full || type > last || header_octets + length > octets.size()) return std::nullopt;
    const auto checked = octets.substr(6, 1 + length);
    if (crc32c(checked) != unmask(static_cast<std::uint32_t>(little_endian(octets.substr(0, 4)))))
        return std::nullopt;
    return LogRecord{static_cast<Type>(type), checked.substr(1)};
}

}  // namespace heliopost::store
