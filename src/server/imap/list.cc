// LIST and LSUB: RFC 9051 §6.3.9, RFC 5258, RFC 5819 (RETURN STATUS), RFC 6154 (special uses), RFC 3501
// §6.3.9.
#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "proto/imap/list_pattern.h"
#include "server/imap/session.h"

namespace heliopost::imap_server {
namespace {

// All names with a child, and all with a subscribed one somewhere below.
struct Family {
    std::unordered_set<std::string> parents;
    std::unordered_set<std::string> parents_of_subscribed;
};

void add_ancestors(std::unordered_set<std::string>& to, const std::string& name) {
    for (auto at = name.rfind('/'); at != std::string::npos && at > 0; at = name.rfind('/', at - 1))
        if (!to.insert(name.substr(0, at)).second) return;
}

Family family_of(const mailbox::Listing& listing) {
    Family family;
    for (const mailbox::Mailbox& mailbox : listing.mailboxes) {
        add_ancestors(family.parents, mailbox.name);
        if (mailbox.subscribed) add_ancestors(family.parents_of_subscribed, mailbox.name);
    }
    for (const std::string& name : listing.lost_subscriptions)
        add_ancestors(family.parents_of_subscribed, name);
    return family;
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
    std::unordered_set<std::string> known;
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

}  // namespace

net::Task<Completion> Session::list(imap::command::List argument) {
    std::vector<imap::ListPattern> patterns;
    for (const std::string& text : argument.patterns) {
        const std::string joined = imap::join_reference(argument.reference, text);
        auto pattern = imap::ListPattern::compile(joined);
        if (!pattern) co_return refusal(pattern.error());
        if (text.empty() && !argument.extended) {
            say("* LIST (\\Noselect) \"/\" \"\"");  // only the separator was asked for
            co_return completed();
        }
        patterns.push_back(*std::move(pattern));
    }
    const auto listing = co_await account_->list();
    if (!listing) co_return refusal(listing.error());
    const Family family = family_of(*listing);
    for (const Candidate& one : candidates(*listing, family)) {
        if (std::ranges::none_of(patterns, [&](const auto& pattern) { return pattern.matches(one.name); }))
            continue;
        bool only_children = false;
        if (!is_selected(argument, one, family, only_children)) continue;
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

// RFC 3501 §6.3.9: what is subscribed; with "%" also the parents that lead to it, as \Noselect.
net::Task<Completion> Session::lsub(imap::command::Lsub argument) {
    const auto pattern =
        imap::ListPattern::compile(imap::join_reference(argument.reference, argument.pattern));
    if (!pattern) co_return refusal(pattern.error());
    const auto listing = co_await account_->list();
    if (!listing) co_return refusal(listing.error());
    std::set<std::string> shown;
    const auto show = [&](const std::string& name, std::string_view attributes) {
        if (!pattern->matches(name) || !shown.insert(name).second) return;
        out_.text() += "* LSUB (" + std::string(attributes) + ") \"/\" ";
        imap::append_mailbox(out_.text(), name, revision_);
        out_.text() += "\r\n";
    };
    for (const mailbox::Mailbox& mailbox : listing->mailboxes)
        if (mailbox.subscribed) show(mailbox.name, "");
    for (const std::string& name : listing->lost_subscriptions) show(name, "\\Noselect");
    if (argument.pattern.contains('%')) {
        const Family family = family_of(*listing);
        const std::set<std::string> parents(family.parents_of_subscribed.begin(),
                                            family.parents_of_subscribed.end());
        for (const std::string& name : parents) show(name, "\\Noselect");
    }
    co_return completed();
}

}  // namespace heliopost::imap_server
