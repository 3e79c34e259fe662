// What an ImapUser does with the mailbox that it has selected.
#include <algorithm>
#include <numeric>
#include <utility>

#include "base/cursor.h"
#include "proto/imap/sequence_set.h"
#include "sim/imap_user.h"
#include "sim/letter.h"

namespace heliopost::sim {
namespace {

constexpr std::string_view appender = "appended@sim.example";

std::string set_of(const std::vector<std::uint32_t>& uids) {
    imap::UidSet set;
    for (const std::uint32_t uid : uids) set.add(uid);
    return imap::to_text(set);
}

std::vector<std::uint32_t> uids_of(const imap::Value& value) {
    Cursor in(value.text);
    std::vector<std::uint32_t> uids;
    if (const auto set = imap::parse_number_set(in))
        set->for_each([&uids](std::uint32_t uid) { uids.push_back(uid); });
    return uids;
}

bool is_code(const std::vector<imap::Value>& code, std::string_view name, std::size_t values) {
    return code.size() > values && code[0].is(name);
}

}  // namespace

// Of the messages that this client has seen, in ascending order; known: those whose X-Id somebody has read.
std::vector<std::uint32_t> ImapUser::some_uids(std::size_t most, bool known_only) {
    std::vector<std::uint32_t> uids;
    for (const Listed& row : model_.rows())
        if (row.uid != 0 && (!known_only || model_.truth().id(row.uid) != 0)) uids.push_back(row.uid);
    while (uids.size() > most)
        uids.erase(uids.begin() + static_cast<std::ptrdiff_t>(random_.below(uids.size())));
    return uids;
}

net::Task<void> ImapUser::append() {
    const std::string to = random_.one_in(2) ? "Shared" : own();
    const int id = stage_.letters.write(appender, place_.user);
    answered_ = co_await link_.append(to, stage_.letters.text(id));
    model_.hear(answered_, now());
    if (answered_.status != "OK" || !is_code(answered_.code, "APPENDUID", 2)) co_return;
    ++counts_.acknowledged;
    const auto validity = static_cast<std::uint32_t>(answered_.code[1].number().value_or(0));
    for (const std::uint32_t uid : uids_of(answered_.code[2])) {
        truth_.at(to, validity).id_told(uid, id);
        truth_.at(to, validity).there(uid, now());
    }
}

// A keyword that is this client's alone, and now and then a flag that everybody changes.
net::Task<void> ImapUser::mark() {
    const auto uids = some_uids(1 + random_.below(5), false);
    if (uids.empty()) co_return;
    const bool set = !random_.one_in(3);
    const bool alone = !random_.one_in(3);
    const std::string flag = alone ? keyword() : "\\Flagged";
    const bool silent = random_.one_in(3);
    std::string line = "UID STORE " + set_of(uids) + (set ? " +" : " -") + "FLAGS" +
                       (silent ? ".SILENT" : "") + " (" + flag + ")";
    MailboxTruth& mailbox = model_.truth();
    if (alone)
        for (const std::uint32_t uid : uids) mailbox.keyword_sent(uid, flag);
    const bool done = co_await ask(std::move(line));
    for (const std::uint32_t uid : uids)
        if (silent) model_.stored_silently(uid, flag, set, done);
    if (!done || !alone) co_return;
    // What another client took away meanwhile is passed over.
    for (const std::uint32_t uid : uids) mailbox.keyword_done(uid, flag, set, now());
}

net::Task<void> ImapUser::remove() {
    const bool arrivals = model_.name() == "INBOX" || model_.name() == "Kept";
    if (model_.name() == copies()) co_return;  // they are counted
    const auto uids = some_uids(1 + random_.below(3), arrivals);
    if (uids.empty()) co_return;
    MailboxTruth& mailbox = model_.truth();
    // From now on anybody's EXPUNGE may take them.
    for (const std::uint32_t uid : uids) mailbox.asked_away(uid, now(), true);
    const bool marked = co_await ask("UID STORE " + set_of(uids) + " +FLAGS.SILENT (\\Deleted)");
    for (const std::uint32_t uid : uids) model_.stored_silently(uid, "\\Deleted", true, marked);
    if (!marked || random_.one_in(6)) co_return;
    const bool all = random_.one_in(4);
    const bool done = co_await ask(all ? std::string("EXPUNGE") : "UID EXPUNGE " + set_of(uids));
    if (!done) co_return;
    for (const std::uint32_t uid : uids) mailbox.gone(uid, now());
}

net::Task<void> ImapUser::move() {
    if (model_.name() != "INBOX") co_return;
    const auto uids = some_uids(1 + random_.below(3), true);
    if (uids.empty()) co_return;
    for (const std::uint32_t uid : uids) model_.truth().asked_away(uid, now(), false);
    copied_.clear();
    const bool done = co_await ask("UID MOVE " + set_of(uids) + " Kept");
    if (done) note_copy(copied_, "Kept", true);
}

net::Task<void> ImapUser::copy() {
    if (model_.name() != own()) {
        const bool selected = co_await select(own());
        if (!selected) co_return;
    }
    const auto uids = some_uids(2 + random_.below(6), false);
    if (uids.size() < 2) co_return;
    copies_doubtful_.insert(uids.size());
    const bool done = co_await ask("UID COPY " + set_of(uids) + " " + copies());
    copies_doubtful_.erase(copies_doubtful_.find(uids.size()));
    if (!done) co_return;
    copies_there_ += uids.size();
    note_copy(answered_.code, copies(), false);
}

void ImapUser::note_copy(const std::vector<imap::Value>& code, const std::string& to, bool moved) {
    if (!is_code(code, "COPYUID", 3)) return;
    const auto validity = static_cast<std::uint32_t>(code[1].number().value_or(0));
    const auto from = uids_of(code[2]);
    const auto there = uids_of(code[3]);
    if (from.size() != there.size()) return stage_.findings.add(place_.user + ": COPYUID of unequal sets");
    MailboxTruth& target = truth_.at(to, validity);
    for (std::size_t i = 0; i < from.size(); ++i) {
        target.there(there[i], now());
        if (const int id = model_.truth().id(from[i]); id != 0) target.id_told(there[i], id);
        if (moved) model_.truth().gone(from[i], now());
    }
}

// RFC 9051 §6.4.7: all of a COPY or nothing of it.
void ImapUser::check_copies() {
    const std::size_t here = model_.rows().size();
    if (!copies_known_) {
        copies_known_ = copies_doubtful_.empty();
        copies_there_ = here;
        return;
    }
    std::set<std::size_t> possible{copies_there_};
    for (const std::size_t more : copies_doubtful_) {
        std::set<std::size_t> next = possible;
        for (const std::size_t count : possible) next.insert(count + more);
        possible = std::move(next);
    }
    if (!possible.contains(here))
        stage_.findings.add(place_.user + ": " + copies() + " has " + std::to_string(here) +
                            " messages; acknowledged COPYs give " + std::to_string(copies_there_));
}

net::Task<void> ImapUser::read_one() {
    const auto uids = some_uids(1, false);
    if (uids.empty()) co_return;
    model_.last_body_uid = 0;
    const bool read = co_await ask("UID FETCH " + std::to_string(uids[0]) + " (BODY.PEEK[])");
    if (!read || model_.last_body_uid != uids[0]) co_return;
    const int id = id_of(model_.last_body);
    if (id == 0) co_return;
    model_.truth().id_told(uids[0], id);
    if (!stage_.letters.is_as_sent(model_.last_body, id))
        stage_.findings.add(place_.user + " " + model_.name() + " UID " + std::to_string(uids[0]) +
                            ": message " + std::to_string(id) + " is not as it was sent");
}

net::Task<void> ImapUser::synchronise() {
    const Instant asked = now();
    const bool done = co_await ask("NOOP");
    if (done) co_await whole(asked);
}

net::Task<void> ImapUser::idle() {
    co_await link_.begin_idle();
    co_await link_.listen(random_.up_to(std::chrono::minutes(2)));
    answered_ = co_await link_.end_idle();
    model_.hear(answered_, now());
}

net::Task<void> ImapUser::status() {
    co_await ask("STATUS " + std::string(random_.one_in(2) ? "INBOX" : "Shared") +
                 " (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)");
}

// DELETE and CREATE: a mailbox of the same name is another one, and its UIDVALIDITY must say so.
net::Task<void> ImapUser::renew_copies() {
    if (model_.name() == copies()) co_return;
    truth_.may_be_new(copies());
    copies_known_ = false;
    const bool deleted = co_await ask("DELETE " + copies());
    if (!deleted) co_return;
    const bool made = co_await ask("CREATE " + copies());
    copies_known_ = made && copies_doubtful_.empty();
    copies_there_ = 0;
}

}  // namespace heliopost::sim
