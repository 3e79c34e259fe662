// One front for all checks of a message: iprev, SPF, DKIM, ARC, DMARC, BIMI.
//
//   message_check::Checker checker(&world, &tasks, settings, {address, helo, reverse_path});
//   checker.feed(octets);                                    // the message as it comes, from its first octet
//   const message_check::Verdicts verdicts = co_await checker.finish();
//
// What is independent runs at the same time, as tasks of the group given, which lives as long as the server:
// when the waiting task is stopped they end by themselves, by their deadline at the latest. Nothing throws
// but net::Stopped.
//
// The DNS has one budget for the message, 64 questions (net::DnsBudget) and dns_time_max. Each check has a
// share of the questions, and the evidence ends before the whole does: a sender whose SPF record or chain is
// a labyrinth must not be able to keep DMARC from asking about the domain in From.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checks/message/verdicts.h"
#include "net/world.h"
#include "store/blob.h"

namespace heliopost::net {
class TaskGroup;
}

namespace heliopost::message_check {

inline constexpr std::chrono::seconds dns_time_max{
    20};  // for the whole message, as RFC 7208 §4.6.4 sets 20 s for SPF
inline constexpr std::chrono::seconds evidence_time_max{14};  // all but DMARC and BIMI
inline constexpr int iprev_queries_max = 4;
inline constexpr int helo_queries_max = 8;
inline constexpr int spf_queries_max = 22;
inline constexpr int dkim_queries_max = 5;  // a key a signature
inline constexpr int arc_queries_max = 9;   // chains of eight hops
inline constexpr int dmarc_queries_max = 14;
inline constexpr int bimi_queries_max = 2;
static_assert(iprev_queries_max + helo_queries_max + spf_queries_max + dkim_queries_max + arc_queries_max +
                  dmarc_queries_max + bimi_queries_max <=
              net::DnsBudget::dns_queries_max);

static_assert(evidence_time_max < dns_time_max);

// A header that is longer is not judged: DMARC says permerror, for nobody looked for its author. Three copies
// are held while a message comes.
inline constexpr size_t header_octets_max = size_t{256} << 10;

struct Settings {
    std::string server;                        // authserv-id, and the receiver of SPF
    std::vector<std::string> trusted_sealers;  // domains whose ARC sets may excuse a message; A-labels
    dmarc_check::Discovery discovery = dmarc_check::Discovery::tree_walk;
    std::shared_ptr<const dmarc_check::PublicSuffixes> suffixes;
    bool iprev = true;
    bool bimi = false;
};

class Checker {
public:
    Checker(net::World* world, net::TaskGroup* tasks, std::shared_ptr<const Settings> settings,
            Client client);
    ~Checker();
    Checker(Checker&&) noexcept;
    Checker& operator=(Checker&&) noexcept;

    void feed(std::string_view octets);
    // Once, at the end of the message.
    net::Task<Verdicts> finish();

private:
    struct Work;
    std::shared_ptr<Work> work_;  // shared with the tasks
};

// The same for a message that is stored already. Fails as reading the blob does.
net::Task<Result<Verdicts>> check_blob(Checker checker, store::BlobStore* blobs, store::BlobRef blob);

}  // namespace heliopost::message_check
