#include "store/rocks_scrub.h"

#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "store/keys.h"
#include "store/paced_files.h"
#include "store/rocks_blob_check.h"

namespace heliopost::store {
namespace {

constexpr std::size_t blobs_a_page = 200;
constexpr std::chrono::seconds keep_interval{30};
constexpr std::size_t read_ahead_octets = 256 * 1024;  // of a table: what one read is

// ioprio_set(2): this thread gets the disk when nobody else wants it. Where the system's scheduler knows no
// priorities it changes nothing.
void become_idle() {
    constexpr int who_process = 1, class_idle = 3, class_shift = 13;
    (void)::syscall(SYS_ioprio_set, who_process, 0, class_idle << class_shift);
}

ScrubState read_state(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return parse_scrub_state(text).value_or(ScrubState{});  // it only says where to go on
}

rocksdb::ReadOptions reading() {
    rocksdb::ReadOptions read;
    read.verify_checksums = true;
    read.fill_cache = false;  // what the readers use stays there
    return read;
}

}  // namespace

ScrubWalk::ScrubWalk(Database& database, ScrubOptions options)
    : database_(database), options_(std::move(options)), pace_(options_.octets_a_second) {
    if (!options_.state_file.empty()) state_ = read_state(options_.state_file);
}

ScrubStatus ScrubWalk::status() const {
    const std::lock_guard lock(mutex_);
    return state_.status;
}

void ScrubWalk::run() {
    while (wait_for_next() && walk()) {
    }
    keep();
}

// A clock that was set back does not put a walk off for longer than the interval.
bool ScrubWalk::wait_for_next() {
    if (state_.status.walks) return options_.time->wait_until(options_.time->tick());
    std::chrono::milliseconds wait{0};
    if (state_.status.began) {
        const std::chrono::milliseconds interval = options_.interval;
        wait = std::clamp(*state_.status.began + interval - options_.time->now(), wait, interval);
    }
    if (!options_.time->wait_until(options_.time->tick() + wait)) return false;
    change([&](ScrubState& state) {
        state.status.began = options_.time->now();
        state.status.walks = true;
        state.status.now = {};
        state.table = 0;
        state.blob.clear();
    });
    keep();
    return true;
}

bool ScrubWalk::walk() {
    if ((state_.blob.empty() && !walk_tables()) || !walk_blobs()) return false;
    change([&](ScrubState& state) {
        state.status.walks = false;
        state.status.ended = options_.time->now();
        state.status.last = state.status.now;
    });
    keep();
    if (options_.finished) options_.finished(state_.status);
    return true;
}

// Told once they were read: the next goes on when the pace allows.
bool ScrubWalk::spend(std::uint64_t octets) {
    change([&](ScrubState& state) { state.status.now.octets += octets; });
    return options_.time->wait_until(pace_.after(options_.time->tick(), octets));
}

void ScrubWalk::tell(ScrubDamage damage) {
    change([](ScrubState& state) { ++state.status.now.damaged; });
    if (options_.damaged) options_.damaged(std::move(damage));
}

std::vector<ScrubWalk::Table> ScrubWalk::tables() const {
    std::vector<rocksdb::LiveFileMetaData> files;
    database_.db->GetLiveFilesMetaData(&files);
    std::vector<Table> out;
    for (const auto& file : files)
        out.push_back({file.file_number, file.directory + "/" + file.relative_filename});
    std::ranges::sort(out, {}, &Table::number);
    return out;
}

bool ScrubWalk::is_live(const Table& table) const {
    return std::ranges::any_of(tables(), [&](const Table& one) { return one.number == table.number; });
}

// Tables that come meanwhile were written a moment ago: the next walk reads them.
bool ScrubWalk::walk_tables() {
    for (const Table& table : tables()) {
        if (table.number <= state_.table) continue;
        if (!read_table(table)) return false;
        change([&](ScrubState& state) { state.table = table.number; });
        keep_now_and_then();
    }
    return true;
}

bool ScrubWalk::read_table(const Table& table) {
    bool stopped = false;
    const auto env = paced_files(*database_.db->GetEnv(), [&](std::uint64_t octets) {
        stopped = stopped || !spend(octets);
        return !stopped;
    });
    rocksdb::Options options;
    options.env = env.get();
    rocksdb::BlockBasedTableOptions blocks;
    blocks.no_block_cache = true;  // not what readers have in memory
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
    rocksdb::SstFileReader reader(options);
    auto read = reading();
    read.readahead_size = read_ahead_octets;
    auto status = reader.Open(table.path);
    if (status.ok()) status = reader.VerifyChecksum(read);
    if (stopped) return false;
    // Of what was merged into another table meanwhile the file is gone.
    if (!status.ok() && !is_live(table)) return true;
    change([](ScrubState& state) { ++state.status.now.tables; });
    if (!status.ok())
        tell({std::nullopt, std::filesystem::path(table.path).filename().string(), status.ToString()});
    return true;
}

bool ScrubWalk::walk_blobs() {
    const std::string end = engine_key(blobs_partition, Space::rows, std::string(1, manifest_rows + 1));
    const rocksdb::Slice upper(end);
    for (bool more = true; more;) {
        std::vector<std::pair<BlobId, std::string>> page;
        {
            auto read = reading();
            read.iterate_upper_bound = &upper;
            const std::unique_ptr<rocksdb::Iterator> at(database_.db->NewIterator(read, database_.rows));
            std::string low(1, manifest_rows);
            if (!state_.blob.empty()) low += state_.blob + '\0';
            for (at->Seek(engine_key(blobs_partition, Space::rows, low));
                 at->Valid() && page.size() < blobs_a_page; at->Next()) {
                const auto key = at->key().ToStringView().substr(engine_prefix_octets + 1);
                const auto blob = BlobId::from(key);
                if (blob) page.emplace_back(*blob, at->value().ToString());
            }
            // Rows that cannot be read are a table's damage, and were told as one.
            more = at->status().ok() && page.size() == blobs_a_page;
        }
        for (const auto& [blob, record] : page) {
            if (!read_blob(blob, record)) return false;
            const std::string_view walked = blob.view();
            change([walked](ScrubState& state) { state.blob = std::string(walked); });
            keep_now_and_then();
        }
    }
    return true;
}

bool ScrubWalk::read_blob(BlobId blob, const std::string& record) {
    Manifest manifest;
    BlobCheck found;
    if (manifest.ParseFromString(record))
        found = check_blob(database_, reading(), blob, manifest,
                           [this](std::uint64_t octets) { return spend(octets); });
    else
        found.damage = "has a broken record";
    if (found.stopped) return false;
    // Swept meanwhile: nobody needed it any more.
    if (!found.damage.empty()) {
        std::string now;
        const auto key = engine_key(blobs_partition, Space::rows, manifest_key(blob));
        if (database_.db->Get(reading(), database_.rows, key, &now).IsNotFound()) return true;
    }
    change([](ScrubState& state) { ++state.status.now.blobs; });
    if (!found.damage.empty()) tell({blob, "", std::move(found.damage)});
    return true;
}

void ScrubWalk::keep_now_and_then() {
    if (options_.time->tick() >= kept_ + keep_interval) keep();
}

// Not synced: where it is lost the walk begins again.
void ScrubWalk::keep() {
    kept_ = options_.time->tick();
    if (options_.state_file.empty()) return;
    const std::string next = options_.state_file + ".new";
    {
        std::ofstream out(next, std::ios::binary | std::ios::trunc);
        out << to_text(state_);
        if (!out.flush()) return;
    }
    std::error_code ignored;
    std::filesystem::rename(next, options_.state_file, ignored);
}

RocksScrub::RocksScrub(Database& database, ScrubOptions options)
    : time_(options.time), walk_(database, std::move(options)) {
    thread_ = std::thread([this] {
        become_idle();
        walk_.run();
    });
}

RocksScrub::~RocksScrub() {
    time_->stop();
    thread_.join();
}

}  // namespace heliopost::store
