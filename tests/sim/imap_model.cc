#include "sim/imap_model.h"

#include <algorithm>
#include <cstdlib>

#include "base/cursor.h"
#include "proto/imap/sequence_set.h"

namespace heliopost::sim {

namespace {

std::uint64_t number_of(const std::vector<imap::Value>& values, std::size_t at) {
    return at < values.size() ? values[at].number().value_or(0) : 0;
}

}  // namespace

void ImapModel::begin_select(const std::string& mailbox, bool resynchronise) {
    leave();
    name_ = mailbox;
    selecting_ = true;
    resynchronising_ = resynchronise;
    vanished_earlier_.clear();
}

// A SELECT that was cut off has told something, too: it is forgotten like the rest.
void ImapModel::leave() {
    selecting_ = false;
    if (mailbox_ != nullptr) remember();
    mailbox_ = nullptr;
    rows_.clear();
    validity_ = 0;
    highest_ = 0;
}

// For the next SELECT with QRESYNC, if all of it is known.
void ImapModel::remember() {
    Memory memory{validity_, highest_, {}};
    bool whole = true;
    for (const Listed& row : rows_) {
        whole &= row.uid != 0 && row.flags.has_value() && row.mod_sequence != 0;
        memory.rows[row.uid] = row;
    }
    if (whole)
        memory_[name_] = std::move(memory);
    else
        memory_.erase(name_);
}

bool ImapModel::remembers(const std::string& mailbox) const {
    return memory_.contains(mailbox) && memory_.at(mailbox).highest != 0;
}
std::uint32_t ImapModel::remembered_validity(const std::string& mailbox) const {
    return memory_.at(mailbox).validity;
}
std::uint64_t ImapModel::remembered_highest(const std::string& mailbox) const {
    return memory_.at(mailbox).highest;
}

void ImapModel::hear(const imap::Response& response, Instant now) {
    if (!response.status.empty()) return hear_code(response.code);
    const auto& values = response.values;
    if (values.empty()) return;
    if (values[0].is("VANISHED")) return hear_vanished(values, now);
    if (values.size() < 2 || !values[0].number()) return;
    const std::uint64_t number = number_of(values, 0);
    if (values[1].is("EXISTS")) return hear_exists(number);
    if (values[1].is("EXPUNGE")) return hear_expunge(number, now);
    if (values[1].is("FETCH") && values.size() == 3) return hear_fetch(number, values[2], now);
}

void ImapModel::hear_code(const std::vector<imap::Value>& code) {
    if (code.empty() || (!selecting_ && mailbox_ == nullptr)) return;
    if (selecting_ && code[0].is("UIDVALIDITY")) {
        validity_ = static_cast<std::uint32_t>(number_of(code, 1));
        mailbox_ = &truth_->at(name_, validity_);
        return;
    }
    if (mailbox_ == nullptr) return;
    if (code[0].is("UIDNEXT")) mailbox_->numbers_told(static_cast<std::uint32_t>(number_of(code, 1)), 0);
    if (code[0].is("HIGHESTMODSEQ")) {
        const std::uint64_t told = number_of(code, 1);
        if (told < highest_) found("HIGHESTMODSEQ went back to " + std::to_string(told));
        highest_ = std::max(highest_, told);
        mailbox_->numbers_told(0, told);
    }
}

void ImapModel::hear_exists(std::uint64_t count) {
    if (count < rows_.size()) found("EXISTS went down to " + std::to_string(count) + " by itself");
    rows_.resize(count);
}

void ImapModel::hear_expunge(std::uint64_t number, Instant now) {
    if (number == 0 || number > rows_.size())
        return found("EXPUNGE of number " + std::to_string(number) + " of " + std::to_string(rows_.size()));
    const auto row = rows_.begin() + static_cast<std::ptrdiff_t>(number - 1);
    if (row->uid != 0 && mailbox_ != nullptr) mailbox_->gone(row->uid, now);
    rows_.erase(row);
}

// Where the message stands, or may: a number whose UID was not told, between UIDs below and above.
std::vector<Listed>::iterator ImapModel::place_of(std::uint32_t uid) {
    auto unknown = rows_.end();
    for (auto row = rows_.begin(); row != rows_.end(); ++row) {
        if (row->uid == uid) return row;
        if (row->uid > uid) break;
        unknown = row->uid == 0 ? row : rows_.end();
    }
    return unknown;
}

void ImapModel::hear_vanished(const std::vector<imap::Value>& values, Instant now) {
    const bool earlier = values.size() == 3;
    Cursor in(values.back().text);
    const auto uids = imap::parse_number_set(in);
    if (!uids) return found("VANISHED with no set of UIDs");
    uids->for_each([&](std::uint32_t uid) {
        if (earlier) {
            vanished_earlier_.insert(uid);
            // Of messages that this client never knew, too: RFC 7162 §3.2.10.
            const auto memory = memory_.find(name_);
            const bool known = memory != memory_.end() && memory->second.rows.contains(uid);
            if (known && mailbox_ != nullptr) mailbox_->gone(uid, now);
            return;
        }
        if (mailbox_ != nullptr) mailbox_->gone(uid, now);
        const auto row = place_of(uid);
        if (row == rows_.end())
            return found("VANISHED of UID " + std::to_string(uid) + ", which was not there");
        rows_.erase(row);
    });
}

void ImapModel::hear_fetch(std::uint64_t number, const imap::Value& items, Instant now) {
    if (number == 0 || number > rows_.size())
        return found("FETCH of number " + std::to_string(number) + " of " + std::to_string(rows_.size()));
    Listed& row = rows_[number - 1];
    bool complete = false;  // FLAGS and MODSEQ of one moment
    if (const auto* uid = imap::Response::find(items, "UID")) {
        const auto told = static_cast<std::uint32_t>(uid->number().value_or(0));
        if (row.uid != 0 && row.uid != told)
            found("number " + std::to_string(number) + " was UID " + std::to_string(row.uid) +
                  ", is now UID " + std::to_string(told));
        row.uid = told;
    }
    if (const auto* flags = imap::Response::find(items, "FLAGS")) {
        std::set<std::string> all;
        for (const imap::Value& flag : flags->items) all.insert(flag.text);
        row.flags = std::move(all);
        if (imap::Response::find(items, "MODSEQ") == nullptr) row.mod_sequence = 0;
    }
    if (const auto* mod_sequence = imap::Response::find(items, "MODSEQ");
        mod_sequence != nullptr && !mod_sequence->items.empty()) {
        const std::uint64_t told = mod_sequence->items[0].number().value_or(0);
        if (told < row.mod_sequence) found("MODSEQ of UID " + std::to_string(row.uid) + " went back");
        row.mod_sequence = told;
        complete = imap::Response::find(items, "FLAGS") != nullptr;
    }
    if (in_whole_ && number <= first_.size() && first_[number - 1].uid == 0) first_[number - 1] = row;
    if (mailbox_ == nullptr || row.uid == 0) return;
    mailbox_->there(row.uid, now);
    if (complete) mailbox_->flags_told(row);
    if (const auto* body = imap::Response::find(items, "BODY[]")) {
        last_body = body->text;
        last_body_uid = row.uid;
    }
}

void ImapModel::stored_silently(std::uint32_t uid, const std::string& flag, bool set, bool done) {
    const auto row = std::ranges::find(rows_, uid, &Listed::uid);
    if (row == rows_.end()) return;
    auto& flags = row->flags;
    if (!flags) return;
    if (!done) return flags.reset();
    if (set)
        flags->insert(flag);
    else
        flags->erase(flag);
}

void ImapModel::begin_whole() {
    told_ = rows_;
    first_.assign(rows_.size(), {});
    in_whole_ = true;
}

void ImapModel::end_whole(Instant asked) {
    in_whole_ = false;
    if (mailbox_ == nullptr) return;
    for (std::size_t i = 0; i < told_.size(); ++i) {
        const Listed& row = first_[i];
        const Listed& before = told_[i];
        if (row.uid == 0) return found("FETCH 1:* left out number " + std::to_string(i + 1));
        // NOOP and SELECT tell of every change; the view that FETCH answers from is the one that was told.
        if (before.uid != 0 && before.flags && row.flags != before.flags)
            found("flags of UID " + std::to_string(row.uid) + " changed untold");
    }
    if (resynchronising_) compare_with_memory();
    resynchronising_ = false;
    selecting_ = false;
    mailbox_->listed(first_, asked);
}

// RFC 7162 §3.2.5: after SELECT (QRESYNC ...) the client knows the mailbox as if it had never been away.
void ImapModel::compare_with_memory() {
    const auto memory = memory_.find(name_);
    if (memory == memory_.end() || memory->second.validity != validity_) return;
    std::map<std::uint32_t, const Listed*> here;
    for (const Listed& row : first_) here[row.uid] = &row;
    for (std::size_t i = 0; i < first_.size(); ++i) {
        const auto known = memory->second.rows.find(first_[i].uid);
        if (known != memory->second.rows.end() && told_[i].uid == 0 && known->second.flags != first_[i].flags)
            found("QRESYNC did not tell of the flags of UID " + std::to_string(first_[i].uid));
    }
    for (const auto& [uid, row] : memory->second.rows)
        if (!here.contains(uid) && !vanished_earlier_.contains(uid))
            found("QRESYNC did not tell that UID " + std::to_string(uid) + " vanished");
}

}  // namespace heliopost::sim
