#include "store/rocks_log.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "store/keys.h"
#include "store/rocks_edits.h"
#include "store/rocks_log_record.h"
#include "store/rocks_manifest.h"

namespace heliopost::store {
namespace {

constexpr size_t write_header_octets = 12;  // sequence number u64, count u32; little-endian
constexpr std::string_view mark_magic = "HPsync1:";
constexpr char log_data_tag = 3;
constexpr size_t piece_octets = 32 * LogRecord::block_octets;
constexpr size_t head_octets = 64;  // of a write: its header and its mark

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

std::string log_mark(std::uint64_t last_synced) {
    return std::string(mark_magic) + to_u64(last_synced);
}

void LogScan::begin_file(std::string name) {
    file_ = std::move(name);
    offset_ = 0;
    head_.reset();
}

void LogScan::add(std::string_view blocks) {
    for (size_t at = 0; at < blocks.size(); at += LogRecord::block_octets)
        add_block(blocks.substr(at, LogRecord::block_octets));
}

void LogScan::end_file() {
    if (head_) note_damage(offset_);  // a write whose end never came
}

void LogScan::add_block(std::string_view block) {
    size_t at = 0;
    while (at + LogRecord::header_octets <= block.size()) {
        if (const auto record = LogRecord::read(block.substr(at))) {
            take(*record, offset_ + at);
            at += record->octets();
            continue;
        }
        // Zeros are room that was set aside, unless something follows.
        const auto more = block.find_first_not_of('\0', at);
        if (more == std::string_view::npos) break;
        note_damage(offset_ + at, !damage_ && is_whole_but_for_header(block.substr(at)));
        for (++at; at + LogRecord::header_octets <= block.size() && !LogRecord::read(block.substr(at));) ++at;
    }
    offset_ += block.size();
}

void LogScan::note_damage(std::uint64_t offset, bool rotten) {
    head_.reset();
    if (!damage_) damage_ = LogDamage{file_, offset, good_until_, 0, rotten};
}

// A write comes in one record or in fragments; its front says all, its end that it is whole.
void LogScan::take(const LogRecord& record, std::uint64_t offset) {
    const bool begins = record.type == LogRecord::full || record.type == LogRecord::first;
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
    if (record.type != LogRecord::full && record.type != LogRecord::last) return;
    if (head_->size() >= write_header_octets) {
        const std::string_view head = *head_;
        const std::uint64_t count = little_endian(head.substr(8, 4));
        good_until_ = std::max(good_until_, little_endian(head.substr(0, 8)) + count - (count > 0 ? 1 : 0));
    }
    head_.reset();
}

Result<std::optional<LogDamage>> scan_logs(const std::string& directory) {
    const auto manifest = ManifestFile::read(directory);
    const std::uint64_t first = manifest ? first_needed_log(manifest->octets) : 0;
    std::error_code error;
    std::vector<std::pair<std::uint64_t, std::filesystem::path>> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        const std::string stem = entry.path().stem().string();
        if (entry.path().extension() != ".log" || stem.find_first_not_of("0123456789") != std::string::npos)
            continue;
        const std::uint64_t number = std::strtoull(stem.c_str(), nullptr, 10);
        if (number >= first) files.emplace_back(number, entry.path());
    }
    if (error) return fail(Fault::internal, "cannot read the directory " + directory);
    std::ranges::sort(files);
    LogScan scan;
    std::string piece(piece_octets, '\0');
    for (const auto& [number, path] : files) {
        std::ifstream in(path, std::ios::binary);
        scan.begin_file(path.filename().string());
        while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0)
            scan.add(std::string_view(piece).substr(0, static_cast<size_t>(in.gcount())));
        if (!in.eof()) return fail(Fault::internal, "cannot read " + path.string());
        scan.end_file();
    }
    return scan.damage();
}

}  // namespace heliopost::store
