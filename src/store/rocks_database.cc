#include "store/rocks_database.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "store/disk_space.h"
#include "store/keys.h"
#include "store/log_files.h"
#include "store/rocks_log.h"
#include "store/rocks_manifest.h"
#include "store/store_directory.h"
#include "store/tuple.h"

#if __has_feature(thread_sanitizer)
// Debian's library is not instrumented: TSan does not see the atomics that order its own threads.
extern "C" const char* __tsan_default_suppressions();  // NOLINT: the sanitizer's name
extern "C" const char* __tsan_default_suppressions() {
    return "race:librocksdb.so\nrace:libzstd.so\n";
}
#endif

namespace heliopost::store {
namespace {

constexpr std::uint64_t octets_to_open = 16ULL * 1024 * 1024;   // logs and tables of a start
constexpr std::uint64_t log_octets_max = 128ULL * 1024 * 1024;  // bounds the time that a start reads logs
constexpr char chunks_family[] = "chunks";

class EndOnError final : public rocksdb::EventListener {
public:
    explicit EndOnError(std::string path) : path_(std::move(path)) {}
    void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
        end_process(path_, *status);
    }

private:
    std::string path_;
};

rocksdb::DBOptions database_options(const RocksOptions& options, rocksdb::Env& files) {
    rocksdb::DBOptions out;
    out.env = &files;
    out.create_if_missing = options.create;
    out.create_missing_column_families = true;
    out.allow_concurrent_memtable_write = false;  // one thread writes
    out.paranoid_checks = true;
    // The default would drop acknowledged commits behind a flipped bit without a word.
    out.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    out.track_and_verify_wals_in_manifest = true;
    out.max_total_wal_size = log_octets_max;
    out.max_background_jobs = 2;
    out.max_open_files = options.open_files_max;
    out.bytes_per_sync = 1024 * 1024;
    out.keep_log_file_num = 4;
    out.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
    out.listeners.push_back(std::make_shared<EndOnError>(options.path));
#ifdef HELIOPOST_EARLY_ACK
    out.manual_wal_flush = true;  // the negative control keeps the log in memory for a while
#endif
    return out;
}

rocksdb::ColumnFamilyOptions rows_options(const RocksOptions& options) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(options.cache_octets);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.cache_index_and_filter_blocks = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    table.block_size = 8 * 1024;
    table.format_version = 5;
    table.checksum = rocksdb::kXXH3;
    rocksdb::ColumnFamilyOptions out;
    out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    out.compression = rocksdb::kZSTD;
    out.write_buffer_size = options.memtable_octets;
    out.level_compaction_dynamic_level_bytes = true;
    out.disable_auto_compactions = !options.compact;
    return out;
}

// Chunks come compressed and are never changed: large values apart, so that compaction moves keys only.
rocksdb::ColumnFamilyOptions chunks_options(const RocksOptions& options,
                                            const rocksdb::ColumnFamilyOptions& rows) {
    rocksdb::ColumnFamilyOptions out;
    out.table_factory = rows.table_factory;
    out.compression = rocksdb::kNoCompression;
    out.write_buffer_size = options.memtable_octets;
    out.level_compaction_dynamic_level_bytes = true;
    out.disable_auto_compactions = !options.compact;
    out.enable_blob_files = true;
    out.min_blob_size = 1024;
    out.enable_blob_garbage_collection = true;
    return out;
}

Result<> explain(const std::string& path, const rocksdb::Status& status) {
    const std::string text = status.ToString();
    if (text.find("Permission denied") != std::string::npos)
        return fail(Fault::denied, "the store at " + path +
                                       " belongs to another user: run as that user, or as "
                                       "root with server.user set (" +
                                       text + ")");
    if (status.IsIOError() && text.find("lock") != std::string::npos)
        return fail(Fault::exists, "the store at " + path +
                                       " is in use by another heliopost process: stop it, or talk to it with "
                                       "the heliopost command");
    if (status.IsNoSpace() || text.find("No space left") != std::string::npos)
        return fail(Fault::temporary, "the disk is too full to open the store at " + path + ": make room");
    if (status.IsInvalidArgument() && text.find("does not exist") != std::string::npos)
        return fail(Fault::not_found, "there is no store at " + path);
    if (status.IsCorruption())
        return fail(Fault::internal, "the store at " + path + " is damaged (" + text +
                                         "): stop, and restore the store from a backup");
    return fail(Fault::internal, "cannot open the store at " + path + ": " + text);
}

rocksdb::Status open_once(Database& database, rocksdb::DBOptions db_options, const RocksOptions& options) {
    const auto rows = rows_options(options);
    const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
        {rocksdb::kDefaultColumnFamilyName, rows}, {chunks_family, chunks_options(options, rows)}};
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    const auto status = options.read_only
                            ? rocksdb::DB::OpenForReadOnly(db_options, options.path, families, &handles, &db)
                            : rocksdb::DB::Open(db_options, options.path, families, &handles, &db);
    if (!status.ok()) return status;
    database.db.reset(db);
    database.rows = handles[0];
    database.chunks = handles[1];
    return status;
}

Result<> refuse_rotten_manifest(const std::string& path) {
    const auto manifest = ManifestFile::read(path);
    const auto at = manifest ? rotten_at(manifest->octets) : std::nullopt;
    if (!at) return {};
    return fail(Fault::internal, "the store at " + path + " is damaged (" +
                                     std::filesystem::path(manifest->path).filename().string() + ", octet " +
                                     std::to_string(*at) + "): stop, and restore the store from a backup");
}

// Whether the log may be read up to its damage, though what we acknowledged is lost with it.
Result<> allow_loss(const RocksOptions& options, const LogDamage& damage) {
    const std::string where = damage.file + ", octet " + std::to_string(damage.offset);
    if (options.recovery == RocksOptions::Recovery::drop_damaged) {
        if (options.dropped)
            options.dropped("the log is damaged (" + where +
                            "): all up to there is kept; what was stored after it, acknowledged mail "
                            "included, is lost");
        return {};
    }
    return fail(Fault::internal, "the log of the store at " + options.path + " is damaged (" + where +
                                     ") and acknowledged mail lies behind the damage: restore the store "
                                     "from a backup, or keep what lies before it with `heliopost fsck "
                                     "--repair`");
}

// After a start that the log prevented: may it be read up to the damage?
Result<> allow_point_in_time(const RocksOptions& options) {
    const auto damage = TRY(scan_logs(options.path));
    if (!damage)
        return fail(Fault::internal,
                    "the store at " + options.path + " is damaged: restore it from a backup");
    if (!damage->lost()) return {};  // the last write was cut short and never acknowledged
    return allow_loss(options, *damage);
}

using Recovery = rocksdb::WALRecoveryMode;

// RocksDB takes some damage, a header's octet of the last block, for the end of what was written: it would
// start without a word, and delete what it no longer knows.
Result<Recovery> look_before_opening(const RocksOptions& options) {
    TRY(refuse_rotten_manifest(options.path));
    const auto damage = TRY(scan_logs(options.path));
    if (!damage || !damage->lost()) return Recovery::kTolerateCorruptedTailRecords;
    TRY(allow_loss(options, *damage));
    return Recovery::kPointInTimeRecovery;
}

Result<> check_format(Database& database) {
    std::string record;
    const auto status = database.db->Get({}, database.rows, format_key, &record);
    if (status.ok()) {
        TupleReader in(record);
        const auto version = in.u32();
        if (version && *version == format_version) return {};
        if (version && *version > format_version)
            return fail(Fault::syntax, "the store at " + database.path + " has format " +
                                           std::to_string(*version) + ", this heliopost knows up to " +
                                           std::to_string(format_version) + ": install the newer version");
        return fail(Fault::internal, "the format record of the store at " + database.path + " is damaged");
    }
    if (!status.IsNotFound()) return explain(database.path, status);
    const std::unique_ptr<rocksdb::Iterator> any(database.db->NewIterator({}, database.rows));
    any->SeekToFirst();
    if (any->Valid())
        return fail(Fault::internal, database.path + " holds a database that is not a store of heliopost");
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const std::string version = Tuple().u32(format_version);
    const auto written = database.db->Put(synced, database.rows, format_key, version);
    if (!written.ok()) return explain(database.path, written);
    return {};
}

}  // namespace

Database::~Database() {
    if (!db) return;
    db->DestroyColumnFamilyHandle(rows);
    db->DestroyColumnFamilyHandle(chunks);
    db->Close();
}

void end_process(const std::string& path, const rocksdb::Status& status) noexcept {
    std::fprintf(stderr,
                 "heliopost: the store at %s failed: %s; stopping, so that nothing is acknowledged that is "
                 "not on disk\n",
                 path.c_str(), status.ToString().c_str());
    std::abort();
}

Result<std::unique_ptr<Database>> open_database(const RocksOptions& options) {
    std::error_code error;
    if (options.create) {
        TRY(make_store_directory(options.path));
    } else if (!std::filesystem::exists(options.path, error)) {
        return fail(Fault::not_found, "there is no store at " + options.path);
    }
    if (std::filesystem::exists(std::filesystem::path(options.path) / restoring_name, error))
        return fail(Fault::temporary,
                    "a restore into " + options.path + " was cut short: run `heliopost restore` again");
    if (!options.read_only && free_octets(options.path) < octets_to_open)
        return fail(Fault::temporary, "the disk is too full to open the store at " + options.path +
                                          ": make room, at least " +
                                          std::to_string(octets_to_open / 1024 / 1024) + " MiB");
    auto database = std::make_unique<Database>();
    database->path = options.path;
    database->files = make_log_files(options.env != nullptr ? *options.env : *rocksdb::Env::Default(),
                                     [at = database.get()](const rocksdb::Status& status) {
                                         if (at->is_open) end_process(at->path, status);
                                     });
    auto db_options = database_options(options, *database->files);
    if (!options.read_only) db_options.wal_recovery_mode = TRY(look_before_opening(options));
    auto status = open_once(*database, db_options, options);
    ManifestCut manifest;
    if (status.IsCorruption() && !options.read_only && TRY(manifest.cut(options.path)))
        status = open_once(*database, db_options, options);
    if (status.IsCorruption()) {
        if (const auto allowed = allow_point_in_time(options); !allowed) {
            manifest.undo();
            return std::unexpected(allowed.error());
        }
        db_options.wal_recovery_mode = Recovery::kPointInTimeRecovery;
        status = open_once(*database, db_options, options);
    }
    if (!status.ok()) {
        manifest.undo();
        return std::unexpected(explain(options.path, status).error());
    }
    TRY(check_format(*database));
    if (!options.read_only) remove_left_checkpoint(options.path);
    database->is_open = true;
    return database;
}

}  // namespace heliopost::store
