// ImapUser: one IMAP client of an account that reads, marks, files and throws away, and comes back after
// cuts.
//
// All clients of an account share INBOX, "Shared" and "Kept": messages leave INBOX only to Kept (MOVE) or for
// good, once a client has read their X-Id. "Own-N" and "Copies-N" are client N's alone: COPY between them is
// all or nothing, which only who is alone can see.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/actor.h"
#include "sim/imap_link.h"
#include "sim/imap_model.h"
#include "sim/truth.h"

namespace heliopost::sim {

enum class Dialect : std::uint8_t { plain, condstore, qresync };

class ImapUser {
public:
    struct Place {
        std::string address;  // of the server
        std::string user;     // the login name
        int number = 0;       // of the client, in the whole run
        Dialect dialect = Dialect::plain;
        int operations = 0;
    };
    ImapUser(Stage* stage, AccountTruth* truth, Place place, std::uint64_t seed);

    net::Task<void> run();  // until its operations are done, or the stage closes

    // For the end: selects, fetches everything, then idles until `stage->closing`; its model is to be
    // compared.
    net::Task<void> watch(std::string mailbox);
    const ImapModel& model() const { return model_; }
    bool watching() const { return watching_; }

    struct Counts {
        int sessions = 0, operations = 0, acknowledged = 0, refused = 0;
    };
    const Counts& counts() const { return counts_; }

private:
    net::Task<void> session();
    net::Task<void> log_in();
    net::Task<bool> select(std::string mailbox);
    net::Task<bool> ask(std::string line);  // true: tagged OK
    net::Task<void> whole(Instant asked);
    net::Task<void> operate();
    net::Task<void> make_mailboxes();

    // imap_operations.cc
    net::Task<void> append();
    net::Task<void> mark();
    net::Task<void> remove();
    net::Task<void> move();
    net::Task<void> copy();
    net::Task<void> read_one();
    net::Task<void> synchronise();
    net::Task<void> idle();
    net::Task<void> renew_copies();
    net::Task<void> status();
    std::vector<std::uint32_t> some_uids(std::size_t most, bool known_only);
    void note_copy(const std::vector<imap::Value>& code, const std::string& to, bool moved);
    void check_copies();

    std::string own() const { return "Own-" + std::to_string(place_.number); }
    std::string copies() const { return "Copies-" + std::to_string(place_.number); }
    std::string keyword() const { return "$c" + std::to_string(place_.number); }
    Instant now() const { return stage_.now(); }

    Stage& stage_;
    AccountTruth& truth_;
    const Place place_;
    Random random_;
    ImapLink link_;
    ImapModel model_;
    imap::Response answered_;
    std::vector<imap::Value> copied_;  // of an untagged [COPYUID ...]
    Counts counts_;
    bool made_ = false;
    bool watching_ = false;
    // Copies-N: how many must be there, and the sizes of COPYs that were never answered.
    bool copies_known_ = false;
    std::size_t copies_there_ = 0;
    std::multiset<std::size_t> copies_doubtful_;
};

}  // namespace heliopost::sim
