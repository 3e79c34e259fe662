#include "store/rocks_log.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "store/crc32c.h"
#include "store/keys.h"

namespace heliopost::store {
namespace {

constexpr size_t block_octets = 32 * 1024;
constexpr size_t header_octets = 7;         // checksum u32, length u16, type u8; little-endian
constexpr size_t write_header_octets = 12;  // sequence number u64, count u32; little-endian
constexpr std::string_view mark_magic = "HPsync1:";
constexpr char log_data_tag = 3;
constexpr size_t head_octets = 64;  // of a write: its header and its mark

std::uint64_t little_endian(std::string_view octets) {
    std::uint64_t value = 0;
    for (size_t i = octets.size(); i > 0; --i)
        value = (value << 8) | static_cast<unsigned char>(octets[i - 1]);
    return value;
}

std::uint32_t unmask(std::uint32_t masked) {
    const std::uint32_t rotated = masked - 0xa282ead8U;
    return (rotated >> 17) | (rotated << 15);
}

std::optional<std::uint64_t> find_mark(std::string_view write) {
    if (write.size() < write_header_octets) return std::nullopt;
    write.remove_prefix(write_header_octets);
    const size_t length = mark_magic.size() + 8;
    if (write.size() < 2 + length || write[0] != log_data_tag || static_cast<size_t>(write[1]) != length ||
        !write.substr(2).starts_with(mark_magic))
        return std::nullopt;
    return read_u64(write.substr(2 + mark_magic.size(), 8));
}

}  // namespace

struct LogScan::Record {
    enum Type : unsigned char { full = 1, first = 2, middle = 3, last = 4 };
    Type type = full;
    std::string_view payload;

    // A record at the front of the octets whose checksum is right.
    static std::optional<Record> read(std::string_view octets) {
        if (octets.size() < header_octets) return std::nullopt;
        const auto type = static_cast<unsigned char>(octets[6]);
        const size_t length = little_endian(octets.substr(4, 2));
        if (type < full || type > last || header_octets + length > octets.size()) return std::nullopt;
        const auto checked = octets.substr(6, 1 + length);
        if (crc32c(checked) != unmask(static_cast<std::uint32_t>(little_endian(octets.substr(0, 4)))))
            return std::nullopt;
        return Record{static_cast<Type>(type), checked.substr(1)};
    }
};

std::string log_mark(std::uint64_t last_synced) {
    return std::string(mark_magic) + to_u64(last_synced);
}

void LogScan::add_file(std::string name, std::string_view octets) {
    file_ = std::move(name);
    head_.reset();
    for (size_t at = 0; at < octets.size(); at += block_octets)
        add_block(octets.substr(at, block_octets), at);
}

void LogScan::add_block(std::string_view block, std::uint64_t offset) {
    size_t at = 0;
    while (at + header_octets <= block.size()) {
        if (const auto record = Record::read(block.substr(at))) {
            take(*record, offset + at);
            at += header_octets + record->payload.size();
            continue;
        }
        // Zeros are room that was set aside, unless something follows.
        const auto more = block.find_first_not_of('\0', at);
        if (more == std::string_view::npos) return;
        note_damage(offset + at);
        for (++at; at + header_octets <= block.size() && !Record::read(block.substr(at));) ++at;
    }
}

void LogScan::note_damage(std::uint64_t offset) {
    head_.reset();
    if (!damage_) damage_ = LogDamage{file_, offset, good_until_, 0};
}

// A write comes in one record or in fragments; its front says all, its end that it is whole.
void LogScan::take(const Record& record, std::uint64_t offset) {
    const bool begins = record.type == Record::full || record.type == Record::first;
    // A fragment without its start, or a start without its end: zeros between them are no room that was set
    // aside, but sectors that never reached the disk.
    if (begins == head_.has_value()) note_damage(offset);
    if (begins) head_.emplace();
    if (!head_) return;
    head_->append(record.payload.substr(0, head_octets - std::min(head_octets, head_->size())));
    if (damage_) {
        if (const auto mark = find_mark(*head_))
            damage_->acknowledged_until = std::max(damage_->acknowledged_until, *mark);
    }
    if (record.type != Record::full && record.type != Record::last) return;
    if (head_->size() >= write_header_octets) {
        const std::string_view head = *head_;
        const std::uint64_t count = little_endian(head.substr(8, 4));
        good_until_ = std::max(good_until_, little_endian(head.substr(0, 8)) + count - (count > 0 ? 1 : 0));
    }
    head_.reset();
}

Result<std::optional<LogDamage>> scan_logs(const std::string& directory) {
    std::error_code error;
    std::vector<std::pair<std::uint64_t, std::filesystem::path>> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        const std::string stem = entry.path().stem().string();
        if (entry.path().extension() != ".log" || stem.find_first_not_of("0123456789") != std::string::npos)
            continue;
        files.emplace_back(std::strtoull(stem.c_str(), nullptr, 10), entry.path());
    }
    if (error) return fail(Fault::internal, "cannot read the directory " + directory);
    std::ranges::sort(files);
    LogScan scan;
    for (const auto& [number, path] : files) {
        std::ifstream in(path, std::ios::binary);
        const std::string octets{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        if (!in) return fail(Fault::internal, "cannot read " + path.string());
        scan.add_file(path.filename().string(), octets);
    }
    return scan.damage();
}

}  // namespace heliopost::store
