// Truth: what the clients of one account have been told of its mailboxes, by any server incarnation and any
// protocol. Whatever is told later must agree with it.
//
//   a UID is one message for ever; what was acknowledged is there until somebody asks to take it away; what
//   was told to be gone stays gone; one MODSEQ of a message means one set of flags; UIDNEXT, HIGHESTMODSEQ
//   and a message's MODSEQ do not go back; UIDVALIDITY stays, or grows with a new mailbox of the name.
//
// What a client knows is as old as what it asked: listed() is told when the question was put.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "sim/findings.h"

namespace heliopost::sim {

// One message as a server lists it.
struct Listed {
    std::uint32_t uid = 0;
    std::optional<std::set<std::string>> flags;
    std::uint64_t mod_sequence = 0;  // 0: not told
};

class MailboxTruth {
public:
    struct Message {
        int id = 0;                      // X-Id; 0: not known
        Instant there = Instant::max();  // acknowledged, or seen by a client
        Instant asked_away = Instant::max();
        Instant gone = Instant::max();
        bool removing = false;  // not only moved
        std::uint64_t mod_sequence = 0;
        std::map<std::uint64_t, std::set<std::string>> flags;  // by MODSEQ
        struct Keyword {
            bool set = false;
            int open = 0;  // changes that were not answered; they may come late
            Instant since = Instant::max();
        };
        std::map<std::string, Keyword> keywords;  // those that one client alone changes
    };

    MailboxTruth(Findings* findings, std::string name) : findings_(findings), name_(std::move(name)) {}

    void id_told(std::uint32_t uid, int id);
    void there(std::uint32_t uid, Instant now);
    void flags_told(const Listed& message);
    void asked_away(std::uint32_t uid, Instant now, bool removing);
    void gone(std::uint32_t uid, Instant now);
    void keyword_sent(std::uint32_t uid, const std::string& keyword);
    void keyword_done(std::uint32_t uid, const std::string& keyword, bool set, Instant now);

    // Everything in the mailbox at some moment from `asked` on, in ascending order.
    void listed(const std::vector<Listed>& all, Instant asked);
    void numbers_told(std::uint32_t uid_next, std::uint64_t highest);  // 0: not told
    // The store itself, read when nobody could change it.
    void read(const std::vector<Listed>& all, std::uint32_t uid_next, std::uint64_t highest, Instant now);

    const std::map<std::uint32_t, Message>& messages() const { return messages_; }
    int id(std::uint32_t uid) const;
    std::uint64_t highest() const { return highest_; }

private:
    void found(std::uint32_t uid, const std::string& what) const;

    Findings* findings_;
    std::string name_;
    std::map<std::uint32_t, Message> messages_;
    std::uint32_t uid_next_ = 0;
    std::uint64_t highest_ = 0;
};

class AccountTruth {
public:
    AccountTruth(Findings* findings, std::string address)
        : findings_(findings), address_(std::move(address)) {}

    // The mailbox of the name, under the UIDVALIDITY that it was told with.
    MailboxTruth& at(const std::string& mailbox, std::uint32_t validity);
    // Null: never told, or deleted meanwhile.
    MailboxTruth* newest(const std::string& mailbox);
    // DELETE was asked for: another UIDVALIDITY may come.
    void may_be_new(const std::string& mailbox) { renewed_.insert(mailbox); }

    const std::string& address() const { return address_; }

private:
    struct Place {
        std::uint32_t validity = 0;
        std::map<std::uint32_t, MailboxTruth> all;
    };
    Findings* findings_;
    std::string address_;
    std::map<std::string, Place> places_;
    std::set<std::string> renewed_;
};

}  // namespace heliopost::sim
