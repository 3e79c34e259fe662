// SEARCH and UID SEARCH: RFC 9051 §6.4.4, RFC 3501 §6.4.4; ESEARCH: RFC 4731; SEARCHRES: RFC 5182; MODSEQ:
// RFC 7162 §3.1.5.
#include <algorithm>
#include <utility>

#include "proto/mime/charset.h"
#include "server/imap/alarm.h"
#include "server/imap/search.h"
#include "server/imap/session.h"

namespace heliopost::imap_server {
namespace {

bool is_allowed_charset(const imap::command::Search& asked) {
    return !asked.charset || mime::is_known_charset(*asked.charset);
}

// RFC 4731 §3.1: the smallest and the largest alone need no look at what is between.
Search::Ends ends_of(const std::optional<imap::command::SearchReturn>& give) {
    if (!give || give->all || give->count) return {};
    return {give->min, give->max};
}

}  // namespace

// Nobody waits for a long search's answer once the client is gone. What it has sent meanwhile stays buffered.
net::Task<void> Session::check_client() {
    if (!input_.empty()) co_return;
    net::Event now(world_);
    const Alarm alarm(world_, world_.tick(), now);
    const auto deadline = world_.after(command_time_max);
    if (co_await stream_->wait_readable(deadline, &now) == net::Stream::Ready::event) co_return;
    if (!co_await input_.fill(deadline)) throw net::Gone("closed within a command");
}

net::Task<Completion> Session::search(imap::command::Search argument) {
    condstore_ |= imap::asks_mod_sequence(argument.key);  // RFC 7162 §3.1
    const bool save = argument.give && argument.give->save;
    if (!is_allowed_charset(argument)) {
        if (save) selected_->saved = {};  // RFC 5182 §2.1: a tagged NO empties it, a BAD does not touch it
        co_return refused(imap::code::bad_charset("US-ASCII UTF-8"), "this charset is not known");
    }
    const auto view = selected_->view;
    auto program =
        SearchProgram::compile(argument.key, {view.get(), &selected_->saved, argument.charset.value_or("")});
    if (!program && program.error().fault == Fault::syntax) co_return refusal(program.error());
    Result<imap::NumberSet> found = fail(Fault::too_large, "too large a search");
    if (program) {
        Search search(*account_, world_, *service_.searches, view, *std::move(program),
                      [this] { return check_client(); });
        try {
            found = co_await search.run(ends_of(argument.give));
        } catch (const net::Overloaded&) {
            found = fail(Fault::temporary, "too many searches at once, please try again later");
        }
    } else {
        found = std::unexpected(program.error());
    }
    if (!found) {
        if (save) selected_->saved = {};
        co_return refusal(found.error());
    }
    imap::UidSet uids;
    found->for_each([&](std::uint32_t number) { uids.add(view->at(number - 1).uid); });
    if (save) save_result(*argument.give, uids);
    co_await tell_found(std::move(argument), *std::move(found), std::move(uids));
    co_return completed();
}

// RFC 5182 §2.4: with MIN or MAX and neither ALL nor COUNT, only those are saved.
void Session::save_result(imap::command::SearchReturn give, const imap::UidSet& uids) {
    if (give.all || give.count || (!give.min && !give.max)) {
        selected_->saved = uids;
        return;
    }
    selected_->saved = {};
    if (uids.empty()) return;
    if (give.min) selected_->saved.add(uids.smallest().value_or(0));
    if (give.max) selected_->saved.add(uids.largest().value_or(0));
}

// RFC 7162 §3.1.5, §3.1.10: the highest mod-sequence of the messages that the answer names.
ModSequence Session::highest_found(imap::command::SearchReturn give, const imap::NumberSet& numbers) const {
    const mailbox::View& view = *selected_->view;
    const auto of = [&](std::uint32_t number) { return view.at(number - 1).mod_sequence; };
    ModSequence highest;
    if (numbers.empty()) return highest;
    if ((give.min || give.max) && !give.all && !give.count) {
        if (give.min) highest = of(numbers.smallest().value_or(0));
        if (give.max) highest = std::max(highest, of(numbers.largest().value_or(0)));
        return highest;
    }
    numbers.for_each([&](std::uint32_t number) { highest = std::max(highest, of(number)); });
    return highest;
}

net::Task<void> Session::tell_found(imap::command::Search asked, imap::NumberSet numbers, imap::UidSet uids) {
    imap::command::SearchReturn give;
    give.all = true;
    if (asked.give) give = *asked.give;
    ModSequence highest;
    if (imap::asks_mod_sequence(asked.key)) highest = highest_found(give, numbers);
    imap::NumberSet told = asked.uid ? std::move(uids) : std::move(numbers);
    if (!asked.give && revision_ == imap::Revision::rev1)  // RFC 9051 §6.4.4: ESEARCH under rev2
        return tell_search(std::move(told), highest);
    return tell_esearch(give, std::move(told), asked.uid, highest);
}

net::Task<void> Session::tell_search(imap::NumberSet told, ModSequence highest) {
    out_.text() += "* SEARCH";
    for (const auto& [first, last] : told.ranges())
        for (std::uint64_t number = first; number <= last; ++number) {
            out_.text() += ' ';
            imap::append_number(out_.text(), number);
            if (out_.full()) co_await out_.flush();
        }
    if (highest.value != 0) {
        out_.text() += " (MODSEQ ";
        imap::append_number(out_.text(), highest.value);
        out_.text() += ')';
    }
    out_.text() += "\r\n";
}

net::Task<void> Session::tell_esearch(imap::command::SearchReturn give, imap::NumberSet told, bool uid,
                                      ModSequence highest) {
    if (!give.min && !give.max && !give.all && !give.count) co_return;  // only SAVE: RFC 5182 §2.1
    out_.text() += "* ESEARCH (TAG ";
    imap::append_string(out_.text(), tag_, imap::Revision::rev1);
    out_.text() += uid ? ") UID" : ")";
    const auto add = [this](std::string_view name, std::uint64_t number) {
        out_.text() += name;
        imap::append_number(out_.text(), number);
    };
    if (give.min && !told.empty()) add(" MIN ", told.smallest().value_or(0));
    if (give.max && !told.empty()) add(" MAX ", told.largest().value_or(0));
    if (give.count) add(" COUNT ", told.size());
    if (give.all && !told.empty()) out_.text() += " ALL ";
    if (give.all)
        for (const imap::NumberRange range : told.ranges()) {
            if (range.first != told.smallest().value_or(0)) out_.text() += ',';
            imap::append_set(out_.text(), imap::NumberSet({range}));
            if (out_.full()) co_await out_.flush();
        }
    if (highest.value != 0) add(" MODSEQ ", highest.value);
    out_.text() += "\r\n";
}

}  // namespace heliopost::imap_server
