// LIST and LSUB: RFC 9051 §6.3.9, RFC 5258, RFC 5819 (RETURN STATUS), RFC 6154 (special uses), RFC 3501
// §6.3.9.
#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "net/pace.h"
#include "proto/imap/list_pattern.h"
#include "server/imap/session.h"

namespace heliopost::imap_server {
namespace {

// One word of a pattern moved on by one octet of a name: about a nanosecond.
constexpr std::uint64_t list_turn_steps = 500'000;
constexpr std::uint64_t name_steps = 64;  // what a name costs besides

using Names = std::unordered_set<std::string>;

void add_ancestors(Names& to, const std::string& name) {
    for (auto at = name.rfind('/'); at != std::string::npos && at > 0; at = name.rfind('/', at - 1))
        if (!to.insert(name.substr(0, at)).second) return;
}

Names parents_of_mailboxes(const mailbox::Listing& listing) {
    Names parents;
    for (const mailbox::Mailbox& mailbox : listing.mailboxes) add_ancestors(parents, mailbox.name);
    return parents;
}

// What has a subscribed name somewhere below. Large where many names are only subscribed to.
Names parents_of_subscribed(const mailbox::Listing& listing) {
    Names parents;
    for (const mailbox::Mailbox& mailbox : listing.mailboxes)
        if (mailbox.subscribed) add_ancestors(parents, mailbox.name);
    for (const std::string& name : listing.lost_subscriptions) add_ancestors(parents, name);
    return parents;
}

// What LIST asks about the names above and below one.
struct Family {
    Names parents;
    Names parents_of_subscribed;  // only where RECURSIVEMATCH asks for them
};

Family family_of(const mailbox::Listing& listing, bool recursive_match) {
    return {parents_of_mailboxes(listing), recursive_match ? parents_of_subscribed(listing) : Names()};
}

// One name that LIST may give.
struct Candidate {
    const mailbox::Mailbox* mailbox = nullptr;  // null: only subscribed to
    std::string name;
    bool subscribed = false;
};

std::vector<Candidate> candidates(const mailbox::Listing& listing, const Family& family) {
    std::vector<Candidate> all;
    for (const mailbox::Mailbox& mailbox : listing.mailboxes)
        all.push_back({&mailbox, mailbox.name, mailbox.subscribed});
    for (const std::string& name : listing.lost_subscriptions) all.push_back({nullptr, name, true});
    // RFC 5258 §3.5: RECURSIVEMATCH tells of parents that are no mailboxes themselves, too.
    if (family.parents_of_subscribed.empty()) return all;
    Names known;
    for (const Candidate& one : all) known.insert(one.name);
    std::set<std::string> missing;
    for (const std::string& name : family.parents_of_subscribed)
        if (!known.contains(name)) missing.insert(name);
    for (const std::string& name : missing) all.push_back({nullptr, name, false});
    return all;
}

void add_word(std::string& list, std::string_view word) {
    if (!list.empty()) list += ' ';
    list += word;
}

// Whether the selection options take the name, and if only for its children's sake.
bool is_selected(const imap::command::List& asked, const Candidate& one, const Family& family,
                 bool& only_children) {
    only_children = false;
    if (asked.special_use && (one.mailbox == nullptr || mailbox::special_use(one.mailbox->role).empty()))
        return false;
    if (!asked.subscribed) return one.mailbox != nullptr;
    if (one.subscribed) return true;
    only_children = asked.recursive_match && family.parents_of_subscribed.contains(one.name);
    return only_children;
}

std::string attributes_of(const imap::command::List& asked, const Candidate& one, const Family& family) {
    std::string words;
    if (one.mailbox == nullptr) add_word(words, "\\NonExistent");
    add_word(words, family.parents.contains(one.name) ? "\\HasChildren" : "\\HasNoChildren");
    if (one.subscribed && (asked.subscribed || asked.return_subscribed)) add_word(words, "\\Subscribed");
    if (one.mailbox != nullptr && !mailbox::special_use(one.mailbox->role).empty())
        add_word(words, mailbox::special_use(one.mailbox->role));
    return words;
}

// The patterns of one LIST, whose octets are bounded together: each name is matched against all of them.
class Patterns {
public:
    Result<> add(const std::string& text) {
        octets_ += text.size();
        if (octets_ > list_octets_max) return fail(Fault::syntax, "the patterns are too long together");
        all_.push_back(TRY(imap::ListPattern::compile(text)));
        words_ += text.size() / 64 + 1;
        return {};
    }
    bool match(std::string_view name) const {
        return std::ranges::any_of(all_, [&](const auto& pattern) { return pattern.matches(name); });
    }
    std::uint64_t steps(std::string_view name) const { return name_steps + words_ * name.size(); }

private:
    std::vector<imap::ListPattern> all_;
    std::size_t octets_ = 0;
    std::uint64_t words_ = 0;
};

// One line of LSUB.
struct Subscription {
    std::string name;
    std::string_view attributes;
};

// RFC 3501 §6.3.9: what is subscribed; with "%" also the parents that lead to it, as \Noselect.
std::vector<Subscription> subscriptions(const mailbox::Listing& listing, bool with_parents) {
    std::vector<Subscription> all;
    std::set<std::string> parents;
    if (with_parents) {
        const Names found = parents_of_subscribed(listing);
        parents.insert(found.begin(), found.end());
    }
    const auto add = [&](const std::string& name, std::string_view attributes) {
        parents.erase(name);
        all.push_back({name, attributes});
    };
    for (const mailbox::Mailbox& mailbox : listing.mailboxes)
        if (mailbox.subscribed) add(mailbox.name, "");
    for (const std::string& name : listing.lost_subscriptions) add(name, "\\Noselect");
    for (const std::string& name : parents) all.push_back({name, "\\Noselect"});
    return all;
}

}  // namespace

net::Task<Completion> Session::list(imap::command::List argument) {
    Patterns patterns;
    for (const std::string& text : argument.patterns) {
        const auto added = patterns.add(imap::join_reference(argument.reference, text));
        if (!added) co_return refusal(added.error());
        if (text.empty() && !argument.extended) {
            say("* LIST (\\Noselect) \"/\" \"\"");  // only the separator was asked for
            co_return completed();
        }
    }
    const auto listing = co_await account_->list();
    if (!listing) co_return refusal(listing.error());
    const Family family = family_of(*listing, argument.recursive_match);
    net::Pace pace(world_, list_turn_steps);
    for (const Candidate& one : candidates(*listing, family)) {
        bool only_children = false;
        if (!is_selected(argument, one, family, only_children)) continue;
        if (pace.is_due(patterns.steps(one.name))) co_await pace.rest();
        if (!patterns.match(one.name)) continue;
        std::string& out = out_.text();
        out += "* LIST (" + attributes_of(argument, one, family) + ") \"/\" ";
        imap::append_mailbox(out, one.name, revision_);
        if (argument.subscribed && argument.recursive_match &&
            family.parents_of_subscribed.contains(one.name))
            out += " (\"CHILDINFO\" (\"SUBSCRIBED\"))";  // RFC 5258 §3.5
        out += "\r\n";
        co_await out_.flush_if_full();
        // RFC 5819 §2: no STATUS of what is no mailbox, or is told only for its children's sake.
        if (!argument.return_status || one.mailbox == nullptr || only_children) continue;
        const auto status = co_await account_->status(one.mailbox->id);
        if (status) append_status(*one.mailbox, *status, *argument.return_status);
    }
    co_return completed();
}

net::Task<Completion> Session::lsub(imap::command::Lsub argument) {
    Patterns pattern;
    const auto added = pattern.add(imap::join_reference(argument.reference, argument.pattern));
    if (!added) co_return refusal(added.error());
    const auto listing = co_await account_->list();
    if (!listing) co_return refusal(listing.error());
    net::Pace pace(world_, list_turn_steps);
    for (const Subscription& one : subscriptions(*listing, argument.pattern.contains('%'))) {
        if (pace.is_due(pattern.steps(one.name))) co_await pace.rest();
        if (!pattern.match(one.name)) continue;
        out_.text() += "* LSUB (" + std::string(one.attributes) + ") \"/\" ";
        imap::append_mailbox(out_.text(), one.name, revision_);
        out_.text() += "\r\n";
        co_await out_.flush_if_full();
    }
    co_return completed();
}

}  // namespace heliopost::imap_server
