// The order of SMTP and LMTP commands, as one table.
//
//   connected --EHLO--> ready --MAIL--> mail --RCPT--> rcpt --DATA--> ready
//                                                      rcpt --BDAT--> chunks --BDAT LAST--> ready
//
// The end of DATA or of a BDAT LAST, accepted or refused, and a refused BDAT go to ready, through the
// server's one reset; any other refused command changes nothing. A BDAT that may not come still has its
// octets consumed.
//
// RFC 5321 §4.1.4; STARTTLS: RFC 3207 §4; AUTH: RFC 4954 §4; BDAT: RFC 3030 §2; LMTP: RFC 2033 §4;
// pipelining: RFC 2920 §3.1.
#pragma once

#include <array>
#include <cstdint>

#include "proto/smtp/verb.h"

namespace heliopost::smtp {

enum class State : std::uint8_t { connected, ready, mail, rcpt, chunks, closed, unchanged };

template <class... States>
constexpr unsigned in(States... states) {
    return (0U | ... | (1U << static_cast<unsigned>(states)));
}

enum class Dialect : std::uint8_t { both, smtp, lmtp };

struct Rule {
    Verb verb;
    unsigned from;     // the states in which the command may come
    State next;        // the state once it succeeded
    bool before_tls;   // also where TLS is required and not yet on
    bool before_auth;  // also where authentication is required and not yet done
    bool ends_group;   // must come last in a pipelined group
    Dialect dialect = Dialect::both;
};

inline constexpr auto rules = [] {
    using enum State;
    constexpr unsigned open = in(connected, ready, mail, rcpt, chunks);
    return std::to_array<Rule>({
        // verb, from, next, before TLS, before AUTH, ends a group
        {Verb::ehlo, open, ready, true, true, true, Dialect::smtp},
        {Verb::helo, open, ready, true, true, true, Dialect::smtp},
        {Verb::lhlo, open, ready, true, true, true, Dialect::lmtp},
        {Verb::starttls, in(ready), connected, true, true, true},  // what was said in the clear is void
        {Verb::auth, in(ready), ready, false, true, true},
        {Verb::mail, in(ready), mail, false, false, false},
        {Verb::rcpt, in(mail, rcpt), rcpt, false, false, false},
        {Verb::data, in(rcpt), ready, false, false, true},
        {Verb::bdat, in(rcpt, chunks), chunks, false, false, false},
        {Verb::bdat_last, in(rcpt, chunks), ready, false, false, false},
        {Verb::rset, in(ready, mail, rcpt, chunks), ready, true, true, false},
        {Verb::rset, in(connected), unchanged, true, true, false},
        {Verb::noop, open, unchanged, true, true, true},
        {Verb::quit, open, closed, true, true, true},
        {Verb::vrfy, open, unchanged, false, false, true},
        {Verb::expn, open, unchanged, false, false, true},
        {Verb::help, open, unchanged, false, true, true},
    });
}();

// What else decides besides the state.
struct Conditions {
    bool lmtp = false;
    bool tls = false;
    bool tls_required = false;  // before anything but greeting and STARTTLS: 530
    bool authenticated = false;
    bool auth_required = false;  // submission: 530
};

enum class Order : std::uint8_t {
    allowed,
    bad_sequence,       // 503 5.5.1
    unknown,            // 500 5.5.1: a verb of the other dialect
    tls_first,          // 530 5.7.0 must issue STARTTLS first
    authenticate_first  // 530 5.7.0 authentication required
};

// The rule under which the command may come in this state; null if none.
constexpr const Rule* find_rule(State now, Verb verb) {
    for (const Rule& rule : rules)
        if (rule.verb == verb && (rule.from & in(now)) != 0) return &rule;
    return nullptr;
}

constexpr State after(State now, const Rule& rule) {
    return rule.next == State::unchanged ? now : rule.next;
}

constexpr Order check_order(State now, Verb verb, const Conditions& on) {
    bool known = false;
    for (const Rule& rule : rules)
        if (rule.verb == verb)
            known = rule.dialect == Dialect::both || (rule.dialect == Dialect::lmtp) == on.lmtp;
    if (!known) return Order::unknown;
    const Rule* rule = find_rule(now, verb);
    // TLS before order: a client that was told to use TLS should hear that first.
    for (const Rule& any : rules)
        if (any.verb == verb && on.tls_required && !on.tls && !any.before_tls) return Order::tls_first;
    if (rule == nullptr) return Order::bad_sequence;
    if (verb == Verb::starttls && on.tls) return Order::bad_sequence;
    if (verb == Verb::auth && on.authenticated) return Order::bad_sequence;  // once: RFC 4954 §4
    if (on.auth_required && !on.authenticated && !rule->before_auth) return Order::authenticate_first;
    return Order::allowed;
}

static_assert(find_rule(State::connected, Verb::mail) == nullptr);
static_assert(find_rule(State::rcpt, Verb::starttls) == nullptr, "no TLS inside a transaction");
static_assert(find_rule(State::mail, Verb::auth) == nullptr, "no AUTH inside a transaction");
static_assert(find_rule(State::ready, Verb::bdat) == nullptr, "BDAT needs a recipient");
static_assert(find_rule(State::chunks, Verb::data) == nullptr, "DATA never after BDAT: RFC 3030 §2");
static_assert(find_rule(State::chunks, Verb::rcpt) == nullptr);
static_assert(after(State::connected, *find_rule(State::connected, Verb::rset)) == State::connected);
static_assert(after(State::chunks, *find_rule(State::chunks, Verb::noop)) == State::chunks);
static_assert(check_order(State::ready, Verb::mail, {.auth_required = true}) == Order::authenticate_first);
static_assert(check_order(State::ready, Verb::mail, {.tls_required = true}) == Order::tls_first);
static_assert(check_order(State::ready, Verb::auth, {.tls_required = true}) == Order::tls_first);
static_assert(check_order(State::ready, Verb::auth, {.authenticated = true}) == Order::bad_sequence);
static_assert(check_order(State::ready, Verb::starttls, {.tls = true}) == Order::bad_sequence);
static_assert(check_order(State::connected, Verb::ehlo, {.lmtp = true}) == Order::unknown);
static_assert(check_order(State::connected, Verb::lhlo, {.lmtp = true}) == Order::allowed);
static_assert(check_order(State::connected, Verb::lhlo, {}) == Order::unknown);
static_assert(check_order(State::ready, Verb::http, {}) == Order::unknown);

}  // namespace heliopost::smtp
