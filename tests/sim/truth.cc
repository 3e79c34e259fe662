#include "sim/truth.h"

#include <algorithm>

namespace heliopost::sim {

void MailboxTruth::found(std::uint32_t uid, const std::string& what) const {
    findings_->add(name_ + (uid == 0 ? "" : " UID " + std::to_string(uid)) + ": " + what);
}

void MailboxTruth::id_told(std::uint32_t uid, int id) {
    int& known = messages_[uid].id;
    if (known != 0 && known != id)
        found(uid, "was message " + std::to_string(known) + ", is now message " + std::to_string(id));
    known = id;
}

void MailboxTruth::there(std::uint32_t uid, Instant now) {
    Message& message = messages_[uid];
    message.there = std::min(message.there, now);
}

void MailboxTruth::flags_told(const Listed& message) {
    if (message.mod_sequence == 0 || !message.flags) return;
    const auto [place, fresh] = messages_[message.uid].flags.emplace(message.mod_sequence, *message.flags);
    if (!fresh && place->second != *message.flags)
        found(message.uid, "has other flags under MODSEQ " + std::to_string(message.mod_sequence));
}

void MailboxTruth::asked_away(std::uint32_t uid, Instant now, bool removing) {
    Message& message = messages_[uid];
    message.asked_away = std::min(message.asked_away, now);
    message.removing |= removing;
}

void MailboxTruth::gone(std::uint32_t uid, Instant now) {
    Message& message = messages_[uid];
    if (message.asked_away > now) found(uid, "went, and nobody asked for that");
    message.gone = std::min(message.gone, now);
}

void MailboxTruth::keyword_sent(std::uint32_t uid, const std::string& keyword) {
    ++messages_[uid].keywords[keyword].open;
}

void MailboxTruth::keyword_done(std::uint32_t uid, const std::string& keyword, bool set, Instant now) {
    Message::Keyword& known = messages_[uid].keywords[keyword];
    known = {.set = set, .open = known.open - 1, .since = now};
}

void MailboxTruth::listed(const std::vector<Listed>& all, Instant asked) {
    std::set<std::uint32_t> here;
    std::uint32_t last = 0;
    for (const Listed& one : all) {
        if (one.uid <= last) found(one.uid, "is listed behind UID " + std::to_string(last));
        last = one.uid;
        here.insert(one.uid);
        flags_told(one);
        const Message& message = messages_[one.uid];
        if (message.gone <= asked) found(one.uid, "was told to be gone, and is there again");
        if (!one.flags) continue;
        for (const auto& [keyword, state] : message.keywords)
            if (state.open == 0 && state.since <= asked && one.flags->contains(keyword) != state.set)
                found(one.uid,
                      keyword + (state.set ? " was set and is not" : " was taken away and is there"));
    }
    for (const auto& [uid, message] : messages_)
        if (message.there <= asked && message.asked_away == Instant::max() && !here.contains(uid))
            found(uid, "is lost (message " + std::to_string(message.id) + ")");
}

void MailboxTruth::numbers_told(std::uint32_t uid_next, std::uint64_t highest) {
    uid_next_ = std::max(uid_next_, uid_next);
    highest_ = std::max(highest_, highest);
}

void MailboxTruth::read(const std::vector<Listed>& all, std::uint32_t uid_next, std::uint64_t highest,
                        Instant now) {
    if (uid_next < uid_next_)
        found(0, "UIDNEXT was " + std::to_string(uid_next_) + ", is now " + std::to_string(uid_next));
    if (highest < highest_)
        found(0, "HIGHESTMODSEQ was " + std::to_string(highest_) + ", is now " + std::to_string(highest));
    numbers_told(uid_next, highest);
    for (const auto& [uid, message] : messages_)
        if (uid >= uid_next) found(uid, "is not below UIDNEXT " + std::to_string(uid_next));
    for (const Listed& one : all) {
        std::uint64_t& known = messages_[one.uid].mod_sequence;
        if (one.mod_sequence < known) found(one.uid, "MODSEQ went back");
        if (const auto& flags = messages_[one.uid].flags;
            !flags.empty() && one.mod_sequence < flags.rbegin()->first)
            found(one.uid, "MODSEQ is lower than a client was told");
        if (one.mod_sequence > highest) found(one.uid, "MODSEQ is above HIGHESTMODSEQ");
        known = one.mod_sequence;
    }
    listed(all, now);
}

int MailboxTruth::id(std::uint32_t uid) const {
    const auto message = messages_.find(uid);
    return message == messages_.end() ? 0 : message->second.id;
}

MailboxTruth& AccountTruth::at(const std::string& mailbox, std::uint32_t validity) {
    Place& place = places_[mailbox];
    const auto known = place.all.find(validity);
    if (known != place.all.end()) return known->second;
    const std::string name = address_ + " " + mailbox;
    if (place.validity != 0 && !renewed_.contains(mailbox))
        findings_->add(name + ": UIDVALIDITY was " + std::to_string(place.validity) + ", is now " +
                       std::to_string(validity));
    if (validity <= place.validity)
        findings_->add(name + ": a new mailbox has UIDVALIDITY " + std::to_string(validity) +
                       ", not above the last, " + std::to_string(place.validity));
    place.validity = std::max(place.validity, validity);
    return place.all.emplace(validity, MailboxTruth(findings_, name)).first->second;
}

MailboxTruth* AccountTruth::newest(const std::string& mailbox) {
    const auto place = places_.find(mailbox);
    if (place == places_.end() || place->second.all.empty()) return nullptr;
    return &place->second.all.rbegin()->second;
}

}  // namespace heliopost::sim
