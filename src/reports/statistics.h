// Statistics: what the judge saw of each domain that wants DMARC reports, counted by day (UTC).
//
//   statistics.count(now, row_of(verdicts, client, applied), ...);   // any thread, waits for nothing
//   CO_TRY(co_await statistics.flush());                            // every flush_interval, and at the end
//
// Counts are gathered in memory and written now and then, so that no message waits for them: what was counted
// since the last flush is lost in a crash. Equal rows are one with a count. Past a limit messages are counted
// without a row (Period::left_out, DayCount::left_out), and the log says so once a flush.
//
// Whoever owns a zone has as many names as a wildcard makes, each with a record that asks for reports. So all
// that one organisation has is limited, by the public suffix list: where the tree walk ends is for the zone
// to say (psd=n, RFC 9989 §4.10). What is past the limit is not told under the organisation's own name: a
// report is about the record that was applied (RFC 9990 §3.1.1.5), and that name may not have asked for one.
//
// RFC 9990 §3.1, RFC 7489 §7.2.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "checks/dmarc/public_suffixes.h"
#include "checks/message/verdicts.h"
#include "net/task.h"
#include "net/world.h"
#include "reports/records.h"
#include "store/store.h"

namespace heliopost::reports {

inline constexpr std::chrono::seconds flush_interval{60};
inline constexpr std::uint32_t period_rows_max = 1'000;         // of a domain and day
inline constexpr std::uint32_t day_domains_max = 10'000;        // with statistics of a day
inline constexpr std::uint32_t organisation_domains_max = 100;  // of them, below one registered name
inline constexpr std::size_t organisation_rows_max = 2'000;     // of pending_rows_max, likewise
inline constexpr std::size_t pending_rows_max = 20'000;         // in memory; more are counted without a row
inline constexpr std::size_t row_text_octets_max = 255;  // of each text: as a domain; the rest is cut off
inline constexpr std::size_t policy_octets_max = 2'000;  // of a record, as it is kept; the rest is cut off
inline constexpr std::size_t row_signatures_max = 5;     // dkim_check::signatures_max are looked at

// One message, as a report tells it.
struct Counted {
    std::string domain;  // whose record it was
    std::string policy;  // that record
    feedback::Row row;
};

// applied: what becomes of the message; enforced: whether anything could have. Nothing where no report is
// asked for, where DMARC came to no verdict, for a bounce (a report about reports would never end), and for
// an author whose domain is ours.
std::optional<Counted> counted(const message_check::Verdicts& verdicts, const message_check::Client& client,
                               dmarc::Policy applied, bool enforced);

class Statistics {
public:
    Statistics(store::Store& store, const Log& log,
               std::shared_ptr<const dmarc_check::PublicSuffixes> suffixes)
        : store_(store), log_(log), suffixes_(std::move(suffixes)) {}

    void count(Time now, Counted message);

    // Fails as the store does; what could not be written stays for the next time, whatever ends the wait.
    net::Task<Result<void>> flush();
    // flush() every flush_interval, until it is stopped. A failure is logged.
    net::Task<void> flush_often(net::World* world);

    // The messages of past days and today that were counted for no domain, as far as it is still known.
    net::Task<Result<std::uint64_t>> left_out();

private:
    struct Pending {
        std::string organisation;
        std::string policy;
        std::map<std::string, std::uint64_t> rows;  // by identity
        std::uint64_t left_out = 0;
    };
    struct Share {
        std::size_t domains = 0, rows = 0;
    };
    struct Gathered {
        std::map<PeriodId, Pending> periods;  // without a domain: counted of the day alone
        std::map<PeriodId, Share> shares;     // by day and organisation
        std::size_t rows = 0;
    };
    class Taken;

    net::Task<Result<std::uint64_t>> write(PeriodId id, const Pending* pending);
    Pending& place_for(const PeriodId& id, const std::string& organisation);
    void add(const PeriodId& id, const std::string& organisation, const std::string& policy,
             const std::string& identity, std::uint64_t count);

    store::Store& store_;
    const Log& log_;
    std::shared_ptr<const dmarc_check::PublicSuffixes> suffixes_;
    std::mutex mutex_;
    Gathered gathered_;
};

}  // namespace heliopost::reports
