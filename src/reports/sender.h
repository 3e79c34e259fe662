// Sender: the aggregate reports of DMARC, sent once a day to whom a domain names.
//
// A period is a domain's day (UTC). Its report goes out at a moment of the next day that the domain's name
// chooses, so that a server's reports spread over the day and a restart changes nothing. The commit that
// queues the report takes the period away: it is sent once. Where nobody may have it, it is dropped. Where
// the DNS does not answer for one of several, all wait for it until that next day is over, twice at least;
// where it answers for none, until the period is period_days_max days old.
//
// Each destination gets a message of its own, of reports_at_once records some are worked at at the same time,
// and all destinations of a record are asked at once: one that is silent holds up neither its record's others
// nor, alone, those of other records.
//
// Reports are signed as all that the server writes (delivery/notify.h), bear the null reverse-path, so that
// nothing comes back, and are given up after report_expires. A destination elsewhere must have said that it
// takes them (checks/dmarc/destination.h), and gets none that is larger than it wants.
//
// One loop; the pointers outlive it. RFC 9990 §3.5 and §4, RFC 7489 §7.1 and §7.2.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "checks/dmarc/destination.h"
#include "delivery/receive.h"
#include "directory/directory.h"
#include "net/running.h"
#include "net/task.h"
#include "net/task_group.h"
#include "reports/aggregate_message.h"
#include "reports/statistics.h"

namespace heliopost::reports {

inline constexpr std::chrono::minutes send_interval{10};
inline constexpr std::chrono::hours send_spread{22};   // of the next day, beginning with its first minutes
inline constexpr std::chrono::minutes send_begin{10};  // after midnight: what was counted has been written
inline constexpr std::chrono::seconds destination_wait_max{10};  // for the DNS, a domain
// Until a period is tried again whose destinations the DNS did not tell: a zone of thousands of names that
// nobody answers for must not keep the others waiting.
inline constexpr std::chrono::hours retry_after{6};
inline constexpr std::size_t reports_at_once = 8;        // each may ask dmarc::uris_max destinations
inline constexpr std::chrono::hours report_expires{24};  // in the queue
inline constexpr Day period_days_max = 3;

struct SenderOptions {
    Reporter reporter;
    std::shared_ptr<const dmarc_check::PublicSuffixes> suffixes;
    net::TaskGroup* tasks;  // of the same loop: what runs at once; stopped before the Sender goes
};

// What became of one period.
struct Sent {
    PeriodId id;
    std::vector<std::string> to;
    std::string report_id;
    std::uint64_t messages = 0;
    std::string reason;  // in words, where it went to nobody or not to all
    bool waits = false;  // tried again later
};

class Sender {
public:
    Sender(const delivery::Delivering& with, directory::Directory* directory, Statistics* statistics,
           SenderOptions options);

    // What is due by now; all: of past days, whenever it is due; today: today's so far too. domain: only of
    // it, if not empty. Fault::temporary while another send() is under way.
    enum class Which : std::uint8_t { due, past, today };
    net::Task<Result<std::vector<Sent>>> send(Which which, std::string domain);

    // send(due) every send_interval, until it is stopped. A failure is logged.
    net::Task<void> send_daily();

private:
    struct Busy {};
    struct Due {
        PeriodId id;
        std::string stored;
        std::int64_t end;
        bool patient;  // waits for a destination that is silent while others would take it
    };
    struct Round;
    using Working = net::Running<Round>;

    net::Task<Result<std::vector<Sent>>> send_all(std::shared_ptr<Busy> busy, Which which,
                                                  std::string domain);
    net::Task<void> work_off(std::shared_ptr<Round> round);
    net::Task<void> work(Working round);
    net::Task<Sent> send_or_tell(Due due);
    net::Task<Result<Sent>> send_one(Due due);
    bool waits_for(const dmarc_check::Destinations& found, const Due& due) const;
    net::Task<Result<std::vector<feedback::Row>>> rows_of(PeriodId id);
    net::Task<Result<void>> commit(PeriodId id, std::string stored, std::int64_t end, queue::Also also);
    net::Task<Result<void>> queue_for(Sent* sent, const feedback::Aggregate* report,
                                      std::vector<dmarc_check::Destination> to, queue::Also* also);
    net::Task<Result<void>> forget_old();
    bool is_due(const PeriodId& id, Time now) const;
    bool is_for_later(const PeriodId& id) const;

    delivery::Delivering with_;
    directory::Directory* directory_;
    Statistics* statistics_;
    SenderOptions options_;
    Day cleaned_ = 0;
    std::map<PeriodId, Instant> later_;  // those that wait, and until when
    std::weak_ptr<Busy> busy_;           // there while somebody sends
};

}  // namespace heliopost::reports
