#include "sim/oracle.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace heliopost::sim {
namespace {

using namespace std::chrono_literals;

// Between an answer and the outcome's commit: what a slow disk takes, with what waits before it.
constexpr std::chrono::microseconds recorded_within = 5s;

std::string_view field(std::string_view line, std::string_view name) {
    const auto at = line.find(" " + std::string(name) + "=");
    if (at == std::string_view::npos) return {};
    line.remove_prefix(at + name.size() + 2);
    if (line.starts_with('"')) {
        line.remove_prefix(1);
        return line.substr(0, line.find('"'));
    }
    return line.substr(0, line.find(' '));
}

std::string_view header_of(std::string_view text) {
    return text.substr(0, text.find("\r\n\r\n"));
}

// "Received: from ... by ... with ... id 06f... for <...>; date", and lines that go on.
std::set<std::string> queue_ids_of(std::string_view text) {
    std::set<std::string> ids;
    bool received = false;
    for (const std::string_view line : split(header_of(text), '\n')) {
        if (!line.starts_with(' ') && !line.starts_with('\t')) received = line.starts_with("Received:");
        if (!received) continue;
        const auto at = line.find("id ");
        if (at == std::string_view::npos || (at > 0 && line[at - 1] != ' ' && line[at - 1] != '\t')) continue;
        const std::string_view rest = line.substr(at + 3);
        ids.emplace(rest.substr(0, rest.find_first_of(" ;\r\t")));
    }
    return ids;
}

}  // namespace

void Oracle::read(SimServer& server, const std::map<std::string, std::unique_ptr<AccountTruth>>& truths) {
    read_log(server);
    for (int user = 1; user <= scenario_.users; ++user) {
        const std::string account = user_of(user, server.plan().domain());
        for (const MailboxState& state : server.read_account(account, true)) {
            if (state.name != "INBOX" && state.name != "Kept") continue;
            std::set<std::uint32_t> here;
            for (const auto& row : state.rows) {
                here.insert(row.uid);
                read_message(account, row.text);
            }
            for (const auto& [uid, message] : truths.at(account)->at(state.name, state.validity).messages())
                if (message.removing && !here.contains(uid) && message.id != 0)
                    ++arrivals_[{account, message.id}].removed;
        }
    }
}

void Oracle::read_log(const SimServer& server) {
    for (const auto& [at, line] : server.log()) {
        const std::string id(field(line, "queue_id"));
        if (id.empty()) continue;
        Passage& passage = passages_[id];
        passage.server = &server;
        passage.first = std::min(passage.first, at);
        if (line.contains("attempt.in_doubt") || !field(line, "problem").empty()) passage.doubt = true;
        if (field(line, "status") == "sent") passage.sent.emplace(field(line, "to"), at);
    }
}

void Oracle::read_message(const std::string& account, const std::string& text) {
    if (header_of(text).contains("multipart/report")) return read_report(account, text);
    const int id = id_of(text);
    const auto sent = ledger_.find(id);
    if (sent == ledger_.end()) return findings_.add(account + " has a message that nobody sent");
    if (!letters_.is_as_sent(text, id))
        findings_.add(account + ": message " + std::to_string(id) + " is not as it was sent");
    Arrivals& arrivals = arrivals_[{account, id}];
    ++arrivals.present;
    arrivals.queue_ids.merge(queue_ids_of(text));
}

// RFC 3464: which message, which recipients, for good or not.
void Oracle::read_report(const std::string& account, std::string_view text) {
    if (!text.starts_with("Return-Path: <>\r\n"))
        findings_.add(account + ": a notification came from somebody: it would be answered");
    // What an alias sent on comes back without X-Id. The last one is of the header that is returned.
    constexpr std::string_view field_name = "\nMessage-ID: <";
    const auto about = text.rfind(field_name);
    const std::string_view after =
        about == std::string_view::npos ? "" : text.substr(about + field_name.size());
    const std::string_view name = after.substr(0, after.find('\r'));
    if (!name.ends_with("@sim.example>"))
        return findings_.add(account + ": a notification about a message that nobody sent");
    const int id = std::atoi(std::string(name).c_str());
    const auto sent = ledger_.find(id);
    if (sent == ledger_.end() || sent->second.from != account)
        findings_.add(account + ": a notification about message " + std::to_string(id) + " of somebody else");
    std::string recipient;
    for (const std::string_view line : split(text, '\n')) {
        if (line.starts_with("Final-Recipient:")) recipient = trim(line.substr(line.find(';') + 1));
        if (line.starts_with("Action: failed")) failed_[{account, id}].insert(recipient);
    }
}

// The entry was in doubt, or its server died before the outcome can have been written.
bool Oracle::is_excused(const Arrivals& arrivals) const {
    return std::ranges::any_of(arrivals.queue_ids, [this](const std::string& id) {
        const auto found = passages_.find(id);
        if (found == passages_.end()) return false;
        const Passage& passage = found->second;
        if (passage.doubt) return true;
        return std::ranges::any_of(passage.server->crashes(), [&passage](Instant crash) {
            if (crash < passage.first) return false;
            return passage.sent.empty() || std::ranges::any_of(passage.sent, [crash](const auto& sent) {
                       return sent.second + recorded_within >= crash;
                   });
        });
    });
}

// Faults end long before a message expires; but for a clock that jumps, a mailbox that is full, and a domain
// whose mail goes round.
bool Oracle::may_expire(const std::string& address) const {
    return scenario_.has(FaultKind::clock) || address.starts_with("user2@") || address.starts_with("team@");
}

void Oracle::judge() {
    for (const auto& [id, sent] : ledger_) judge_message(id, sent);
}

void Oracle::judge_message(int id, const Sent& sent) {
    const std::string name = "message " + std::to_string(id);
    std::map<std::string, int> ways;  // to each account
    for (const auto& recipient : sent.recipients) {
        const auto accounts = accounts_behind(recipient.address, scenario_.domains, scenario_.users);
        for (const std::string& account : accounts) ways[account] += recipient.refused ? 0 : 1;
    }
    // What one server takes in one transaction is in a mailbox once, however many recipients lead there.
    if (!sent.each) {
        std::map<std::string, int> here;
        for (const auto& recipient : sent.recipients) {
            if (domain_of(recipient.address) != sent.server || recipient.refused) continue;
            for (const auto& account : accounts_behind(recipient.address, scenario_.domains, scenario_.users))
                if (domain_of(account) == sent.server && here[account]++ > 0) --ways[account];
        }
    }
    for (const auto& [place, arrivals] : arrivals_) {
        if (place.second != id) continue;
        const auto way = ways.find(place.first);
        if (way == ways.end() || way->second == 0)
            findings_.add(name + " is in " + place.first + ", for which it was not accepted");
        else if (arrivals.present > way->second && !is_excused(arrivals))
            findings_.add(name + " is " + std::to_string(arrivals.present) + " times in " + place.first);
    }
    const auto bounced = failed_.find({sent.from, id});
    const bool told = !sent.from.starts_with("ghost@");  // nobody could be told
    for (const auto& recipient : sent.recipients) {
        const auto accounts = accounts_behind(recipient.address, scenario_.domains, scenario_.users);
        const auto failed = [&](const std::string& address) {
            return bounced != failed_.end() && bounced->second.contains(address);
        };
        for (const std::string& account : accounts) {
            const auto found = arrivals_.find({account, id});
            const bool there = found != arrivals_.end() && found->second.present + found->second.removed > 0;
            const bool failure = failed(account) || failed(recipient.address);
            if (recipient.acknowledged && !there && !failure && told)
                findings_.add(name + " to " + recipient.address + " is lost: not in " + account);
            if (failure && !may_expire(recipient.address) && !may_expire(account))
                findings_.add(name + " to " + recipient.address + " bounced without a reason");
            if (failure && there && ways[account] == 1 && !is_excused(found->second))
                findings_.add(name + " to " + recipient.address + " is delivered and bounced");
        }
        const bool local = domain_of(recipient.address) == sent.server;
        if (accounts.empty() && recipient.acknowledged && told && bounced == failed_.end())
            findings_.add(name + " to " + recipient.address + (local ? " (ours)" : "") +
                          " reaches nobody, and its sender was not told");
    }
    judge_together(id, sent);
}

// One transaction, one commit: a message is in the mailboxes of all its local recipients, or of none.
void Oracle::judge_together(int id, const Sent& sent) {
    std::vector<std::string> local;
    for (const auto& recipient : sent.recipients)
        if (recipient.address.starts_with("user") && domain_of(recipient.address) == sent.server &&
            !recipient.refused)
            local.push_back(recipient.address);
    const bool acknowledged = std::ranges::any_of(sent.recipients, &Sent::Recipient::acknowledged);
    if (acknowledged || sent.each) return;
    const auto count = std::ranges::count_if(
        local, [&](const std::string& account) { return arrivals_.contains({account, id}); });
    if (count != 0 && static_cast<std::size_t>(count) != local.size())
        findings_.add("message " + std::to_string(id) + " is with some of its recipients, not with all");
}

}  // namespace heliopost::sim
