// Was anything that we acknowledged behind the damage in RocksDB's write-ahead log?
//
// RocksDB cannot tell a write that was cut short by a crash from a synced one that rotted. We can: every
// write says which sequence number was the last synced one before it (log_mark), so that a readable write
// past the damage proves that the damaged one had been acknowledged. Internal to store/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace heliopost::store {

// The octets that go to the front of each write, as RocksDB's "log data".
std::string log_mark(std::uint64_t last_synced);

struct LogDamage {
    std::string file;
    std::uint64_t offset = 0;
    std::uint64_t good_until = 0;          // last sequence number readable before the damage
    std::uint64_t acknowledged_until = 0;  // highest that a write past it says was synced
    bool rotten = false;                   // what cannot be read had been whole: no write that was cut short
    bool lost() const { return rotten || acknowledged_until > good_until; }
};

struct LogRecord;

// Reads one log file after another, in order, each a piece of whole blocks after another.
class LogScan {
public:
    void begin_file(std::string name);
    void add(std::string_view blocks);  // only the last piece of a file may end within a block
    void end_file();
    const std::optional<LogDamage>& damage() const { return damage_; }

private:
    void add_block(std::string_view block);
    void take(const LogRecord& record, std::uint64_t offset);
    void note_damage(std::uint64_t offset, bool rotten = false);

    std::string file_;
    std::uint64_t offset_ = 0;
    std::optional<LogDamage> damage_;
    std::uint64_t good_until_ = 0;
    std::optional<std::string> head_;  // the front of a write whose last fragment is still to come
};

// The logs (*.log) of the directory that a start reads. Fails when one cannot be read.
Result<std::optional<LogDamage>> scan_logs(const std::string& directory);

}  // namespace heliopost::store
