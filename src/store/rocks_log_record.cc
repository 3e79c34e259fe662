#include "store/rocks_log_record.h"

#include <algorithm>
#include <string>

#include "store/crc32c.h"

namespace heliopost::store {
namespace {

constexpr std::size_t type_at = 6;

}  // namespace

std::uint64_t little_endian(std::string_view octets) {
    std::uint64_t value = 0;
    for (std::size_t i = octets.size(); i > 0; --i)
        value = (value << 8) | static_cast<unsigned char>(octets[i - 1]);
    return value;
}

// Masked: the format's own word for it.
std::uint32_t LogRecord::checksum(std::string_view type_and_payload) {
    const std::uint32_t crc = crc32c(type_and_payload);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

std::optional<LogRecord> LogRecord::read(std::string_view octets) {
    if (octets.size() < header_octets) return std::nullopt;
    const auto type = static_cast<unsigned char>(octets[type_at]);
    const std::size_t length = little_endian(octets.substr(4, 2));
    if (type < full || type > last || header_octets + length > octets.size()) return std::nullopt;
    const auto checked = octets.substr(type_at, 1 + length);
    if (checksum(checked) != little_endian(octets.substr(0, 4))) return std::nullopt;
    return LogRecord{static_cast<Type>(type), checked.substr(1)};
}

bool is_whole_but_for_header(std::string_view octets) {
    if (octets.size() < LogRecord::header_octets) return false;
    const std::uint64_t right = little_endian(octets.substr(0, 4));
    const std::size_t told = little_endian(octets.substr(4, 2));
    std::string checked(octets.substr(type_at));
    for (const std::size_t length : {told, checked.size() - 1}) {
        if (length >= checked.size()) continue;
        for (unsigned char type = LogRecord::full; type <= LogRecord::last; ++type) {
            checked.front() = static_cast<char>(type);
            if (LogRecord::checksum(std::string_view(checked).substr(0, 1 + length)) == right) return true;
        }
    }
    return false;
}

std::size_t each_record(std::string_view file,
                        const std::function<void(const LogRecord& record, std::size_t end)>& take) {
    std::size_t at = 0;
    while (at < file.size()) {
        const std::size_t left = LogRecord::block_octets - at % LogRecord::block_octets;
        if (left < LogRecord::header_octets) {
            at += left;  // zeros, where no header fits
            continue;
        }
        const auto record = LogRecord::read(file.substr(at, left));
        if (!record) break;
        at += record->octets();
        take(*record, at);
    }
    return std::min(at, file.size());
}

}  // namespace heliopost::store
