// Oracle: what became of every recipient: delivered, bounced, or lost. At rest, with empty queues.
//
// Each account that a message was to reach has it once for each way that led there, or its sender has a
// notification; the sender of an acknowledged message is never left without either. A second copy is right
// only where the log of a server names the doubt: no answer to the final dot (RFC 1047), an outcome that
// could not be written, or a crash before it was. Nothing else may be in an INBOX.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/findings.h"
#include "sim/ledger.h"
#include "sim/letter.h"
#include "sim/scenario.h"
#include "sim/sim_server.h"
#include "sim/truth.h"

namespace heliopost::sim {

class Oracle {
public:
    Oracle(Findings* findings, const Ledger* ledger, const Letters* letters, const Scenario* scenario)
        : findings_(*findings), ledger_(*ledger), letters_(*letters), scenario_(*scenario) {}

    void read(SimServer& server, const std::map<std::string, std::unique_ptr<AccountTruth>>& truths);
    void judge();

private:
    // One message in one account.
    struct Arrivals {
        int present = 0;                  // in INBOX and Kept
        int removed = 0;                  // a client has asked for that, knowing what it was
        std::set<std::string> queue_ids;  // of the hops before, from Received
    };
    // One entry of a server's queue, as its log has it.
    struct Passage {
        bool doubt = false;
        Instant first = Instant::max();
        std::map<std::string, Instant> sent;  // by recipient
        const SimServer* server = nullptr;
    };
    void read_log(const SimServer& server);
    void read_message(const std::string& account, const std::string& text);
    void read_report(const std::string& account, std::string_view text);
    void judge_message(int id, const Sent& sent);
    void judge_together(int id, const Sent& sent);
    bool is_excused(const Arrivals& arrivals) const;
    bool may_expire(const std::string& address) const;

    Findings& findings_;
    const Ledger& ledger_;
    const Letters& letters_;
    const Scenario& scenario_;
    std::map<std::pair<std::string, int>, Arrivals> arrivals_;             // by account and message
    std::map<std::pair<std::string, int>, std::set<std::string>> failed_;  // by sender: the recipients
    std::map<std::string, Passage> passages_;                              // by queue id
};

}  // namespace heliopost::sim
