// The order of POP3 commands, as one table: RFC 1939 §3.
//
//   authorization --USER--> user --PASS / AUTH--> transaction --QUIT--> update
#pragma once

#include <array>
#include <cstdint>

#include "proto/pop3/command.h"

namespace heliopost::pop3 {

enum class State : std::uint8_t { authorization, user, transaction, update, closed, unchanged };

template <class... States>
constexpr unsigned in(States... states) {
    return (0U | ... | (1U << static_cast<unsigned>(states)));
}

struct Rule {
    Verb verb;
    unsigned from;
    State next;       // once it succeeded
    bool before_tls;  // also where TLS is required and not yet on
};

inline constexpr auto rules = [] {
    using enum State;
    constexpr unsigned any = in(authorization, user, transaction);
    return std::to_array<Rule>({
        {Verb::user, in(authorization, user), user, false},
        {Verb::pass, in(user), transaction, false},  // refused: back to authorization, RFC 1939 §7
        {Verb::auth, in(authorization, user), transaction, false},
        {Verb::stls, in(authorization, user), authorization, true},
        {Verb::capa, any, unchanged, true},
        {Verb::stat, in(transaction), unchanged, false},
        {Verb::list, in(transaction), unchanged, false},
        {Verb::uidl, in(transaction), unchanged, false},
        {Verb::retr, in(transaction), unchanged, false},
        {Verb::top, in(transaction), unchanged, false},
        {Verb::dele, in(transaction), unchanged, false},
        {Verb::noop, in(transaction), unchanged, false},
        {Verb::rset, in(transaction), unchanged, false},
        {Verb::quit, in(transaction), update, true},  // only QUIT removes what was marked
        {Verb::quit, in(authorization, user), closed, true},
    });
}();

constexpr const Rule* find_rule(State now, Verb verb) {
    for (const Rule& rule : rules)
        if (rule.verb == verb && (rule.from & in(now)) != 0) return &rule;
    return nullptr;
}

constexpr State after(State now, const Rule& rule) {
    return rule.next == State::unchanged ? now : rule.next;
}

static_assert(find_rule(State::authorization, Verb::pass) == nullptr, "PASS only behind USER");
static_assert(find_rule(State::authorization, Verb::retr) == nullptr);
static_assert(find_rule(State::transaction, Verb::stls) == nullptr, "STLS only before login: RFC 2595 §4");
static_assert(find_rule(State::transaction, Verb::user) == nullptr);
static_assert(after(State::transaction, *find_rule(State::transaction, Verb::quit)) == State::update);
static_assert(after(State::user, *find_rule(State::user, Verb::quit)) == State::closed);

}  // namespace heliopost::pop3
