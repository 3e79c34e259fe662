// Scrub: a slow walk over all that is stored, beside the work: is it still what it was written as?
//
// Every table with all its checksums, then every blob: its chunks' checksums, and the SHA-256 of the whole
// against the one that was taken when it came. On a thread of its own, at the system's idle priority for the
// disk, at the pace that it was given; in memory it holds one chunk, or one block of a table, and the ids of
// a page of blobs. It changes nothing of the store. What the kernel still holds of a file in memory is read
// from there: a disk that has lost it meanwhile shows at a later walk.
//
// What it finds it tells, and goes on. Where it stands is kept in a file, so that a restart goes on there.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "store/blob.h"

namespace heliopost::store {

struct ScrubCount {
    std::uint64_t octets = 0;
    std::uint64_t tables = 0;
    std::uint64_t blobs = 0;
    std::uint64_t damaged = 0;
    bool operator==(const ScrubCount&) const = default;
};

struct ScrubStatus {
    std::optional<Time> began;  // the walk under way, or the last one
    std::optional<Time> ended;  // the last whole walk
    bool walks = false;
    ScrubCount now;   // of the walk under way
    ScrubCount last;  // of the last whole one
    bool operator==(const ScrubStatus&) const = default;
};

struct ScrubDamage {
    std::optional<BlobId> blob;  // else a table
    std::string file;            // the table's
    std::string what;
};

// The clocks of a walk, and how it waits. Tests have one under virtual time.
class ScrubTime {
public:
    virtual ~ScrubTime() = default;
    virtual Time now() = 0;
    virtual Instant tick() = 0;
    // False at once when it is to stop, else true at or after the instant.
    virtual bool wait_until(Instant when) = 0;
    // From another thread; may be called twice.
    virtual void stop() = 0;
};
std::shared_ptr<ScrubTime> system_scrub_time();

struct ScrubOptions {
    std::uint64_t octets_a_second = std::uint64_t{8} << 20;
    std::chrono::seconds interval{7 * 24 * 3600};  // from the beginning of a walk to the next one's
    std::string state_file;                        // empty: nothing is kept
    std::shared_ptr<ScrubTime> time = system_scrub_time();
    std::function<void(ScrubDamage)> damaged;          // on the scrub's thread; may be empty
    std::function<void(const ScrubStatus&)> finished;  // a walk; the same
};

class Scrub {
public:
    virtual ~Scrub() = default;              // ends the walk; waits for the read that is under way
    virtual ScrubStatus status() const = 0;  // any thread
};

// What stands in a state file, and the walk's place in it. Internal; here for its tests.
struct ScrubState {
    ScrubStatus status;
    std::uint64_t table = 0;  // the number of the last table that was read
    std::string blob;         // the last blob's id; empty: tables are read
    bool operator==(const ScrubState&) const = default;
};
std::string to_text(const ScrubState& state);
Result<ScrubState> parse_scrub_state(std::string_view text);

}  // namespace heliopost::store
