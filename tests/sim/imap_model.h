// ImapModel: what one IMAP client believes of the mailbox that it has selected, from what it is told alone.
//
// A message's number, UID and flags as the responses give them: RFC 9051 §7, RFC 7162. Each response must fit
// what was told before: EXISTS does not shrink by itself, numbers are in range, UIDs ascend and stay where
// they are. check_whole() then holds the belief against a FETCH of everything.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proto/imap/response.h"
#include "sim/truth.h"

namespace heliopost::sim {

class ImapModel {
public:
    ImapModel(Findings* findings, AccountTruth* truth, std::string client)
        : findings_(findings), truth_(truth), client_(std::move(client)) {}

    // For QRESYNC: what is remembered of the mailbox is kept, and must agree with what SELECT tells.
    void begin_select(const std::string& mailbox, bool resynchronise);
    void leave();
    void hear(const imap::Response& response, Instant now);
    // A STORE with .SILENT: the client works out its own change, and is told of what others did (RFC 9051
    // §6.4.6).
    void stored_silently(std::uint32_t uid, const std::string& flag, bool set, bool done);
    // Between these two a FETCH 1:* (UID FLAGS [MODSEQ]) is answered; asked: of the last NOOP or SELECT.
    void begin_whole();
    void end_whole(Instant asked);

    bool selected() const { return mailbox_ != nullptr; }
    const std::string& name() const { return name_; }
    MailboxTruth& truth() { return *mailbox_; }
    std::uint32_t validity() const { return validity_; }
    std::uint64_t highest() const { return highest_; }
    const std::vector<Listed>& rows() const { return rows_; }
    // Nothing remembered: a SELECT with QRESYNC would say nothing.
    bool remembers(const std::string& mailbox) const;
    std::uint32_t remembered_validity(const std::string& mailbox) const;
    std::uint64_t remembered_highest(const std::string& mailbox) const;

    std::string last_body;  // of the last FETCH that had one, and its UID
    std::uint32_t last_body_uid = 0;

private:
    struct Memory {
        std::uint32_t validity = 0;
        std::uint64_t highest = 0;
        std::map<std::uint32_t, Listed> rows;
    };
    void found(const std::string& what) const { findings_->add(client_ + " in " + name_ + ": " + what); }
    void hear_code(const std::vector<imap::Value>& code);
    void hear_fetch(std::uint64_t number, const imap::Value& items, Instant now);
    void remember();
    void hear_exists(std::uint64_t count);
    void hear_expunge(std::uint64_t number, Instant now);
    void hear_vanished(const std::vector<imap::Value>& values, Instant now);
    void compare_with_memory();
    std::vector<Listed>::iterator place_of(std::uint32_t uid);

    Findings* findings_;
    AccountTruth* truth_;
    std::string client_;
    std::string name_;
    MailboxTruth* mailbox_ = nullptr;
    bool selecting_ = false;
    std::uint32_t validity_ = 0;
    std::uint64_t highest_ = 0;
    std::vector<Listed> rows_;   // by number; uid 0: not told yet
    std::vector<Listed> told_;   // what rows_ was when a whole FETCH began
    std::vector<Listed> first_;  // what it gave first for each: a change may be told behind it
    bool in_whole_ = false;
    std::map<std::string, Memory> memory_;
    bool resynchronising_ = false;
    std::set<std::uint32_t> vanished_earlier_;
};

}  // namespace heliopost::sim
