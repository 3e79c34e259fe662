#include "proto/smtp/command.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "proto/smtp/parameters.h"
#include "proto/smtp/path.h"
#include "proto/smtp/xtext.h"

namespace heliopost::smtp {
namespace {

using Parsed = std::expected<Command, Reply>;

constexpr size_t mechanism_octets_max = 20;  // RFC 4422 §3.1

std::unexpected<Reply> refuse(int code, EnhancedStatus status, std::string text) {
    return std::unexpected(Reply(code, status, std::move(text)));
}

// What a browser, or a page in one that was led here, says first.
constexpr auto http_methods = std::to_array<std::string_view>(
    {"GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PRI"});

constexpr auto verbs = std::to_array<Verb>({Verb::mail, Verb::rcpt, Verb::data, Verb::bdat, Verb::ehlo,
                                            Verb::helo, Verb::lhlo, Verb::starttls, Verb::auth, Verb::rset,
                                            Verb::noop, Verb::quit, Verb::vrfy, Verb::expn, Verb::help});

std::string_view first_word(std::string_view line) {
    return line.substr(0, line.find_first_of(" \t"));
}

// Deviates from RFC 5321 §4.1.1.1 by taking any graphic name: what a client calls itself is written down, not
// believed, and many call themselves something with an underscore or without a dot.
Parsed parse_hello(Verb verb, std::string_view text) {
    const bool graphic = std::ranges::all_of(
        text, [](char c) { return c > ' ' && !std::string_view("<>()\"\\,;").contains(c); });
    if (text.empty() || text.size() > domain_octets_max || !graphic) return bad_argument("expected a domain");
    return Command{verb, Hello{std::string(text)}};
}

// "AUTH" SP mechanism [SP initial-response]: RFC 4954 §8
Parsed parse_auth(std::string_view text) {
    const auto is_mechanism_char = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
    const auto mechanism = first_word(text);
    if (mechanism.empty() || mechanism.size() > mechanism_octets_max ||
        !std::ranges::all_of(mechanism, is_mechanism_char))
        return bad_argument("expected a mechanism");
    Auth auth{to_upper(mechanism), std::nullopt};
    const auto initial = trim(text.substr(mechanism.size()));
    if (initial.contains(' ') || initial.contains('\t')) return bad_argument("expected one initial response");
    if (!initial.empty()) auth.initial_response = initial;
    return Command{Verb::auth, std::move(auth)};
}

// "MAIL FROM:" Reverse-path [SP Mail-parameters]
Parsed parse_mail(std::string_view text, Extensions announced) {
    Cursor in(text);
    if (!in.take_word("FROM:")) return refuse(501, {5, 5, 2}, "expected FROM:<address>");
    in.take_while(is_space);
    auto path = parse_reverse_path(in);
    if (!path) return refuse(501, {5, 1, 7}, path.error().text);
    Mail mail;
    mail.reverse_path = std::move(*path);
    auto parameters = parse_parameters(in);
    if (!parameters) return std::unexpected(std::move(parameters).error());
    mail.parameters = std::move(*parameters);
    if (auto checked = check_parameters(mail, announced); !checked)
        return std::unexpected(std::move(checked).error());
    if (!mail.smtputf8 && !mail.reverse_path.ascii())
        return refuse(553, {5, 6, 7}, "internationalised address without SMTPUTF8");  // RFC 6531 §3.5
    return Command{Verb::mail, std::move(mail)};
}

// "RCPT TO:" Forward-path [SP Rcpt-parameters]
Parsed parse_rcpt(std::string_view text, Extensions announced) {
    Cursor in(text);
    if (!in.take_word("TO:")) return refuse(501, {5, 5, 2}, "expected TO:<address>");
    in.take_while(is_space);
    auto path = parse_forward_path(in);
    if (!path) return refuse(501, {5, 1, 3}, path.error().text);
    Rcpt rcpt;
    rcpt.forward_path = std::move(*path);
    auto parameters = parse_parameters(in);
    if (!parameters) return std::unexpected(std::move(parameters).error());
    rcpt.parameters = std::move(*parameters);
    if (auto checked = check_parameters(rcpt, announced); !checked)
        return std::unexpected(std::move(checked).error());
    if (!announced.has(Extension::smtputf8) && !rcpt.forward_path.ascii())
        return refuse(553, {5, 6, 7}, "internationalised address without SMTPUTF8");
    return Command{Verb::rcpt, std::move(rcpt)};
}

// bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ] CR LF: RFC 3030 §2
Parsed parse_bdat(std::string_view text) {
    Cursor in(text);
    const auto size = to_number(in.take_while(is_digit));  // nothing for a sign and past 64 bits
    if (!size) return bad_argument("bad chunk size");
    const bool space = !in.take_while(is_space).empty();
    const bool last = space && in.take_word("LAST");
    if (!in.done()) return bad_argument("expected LAST or nothing");
    return Command{last ? Verb::bdat_last : Verb::bdat, Bdat{*size, last}};
}

Parsed parse_argument(Verb verb, std::string_view text, Extensions announced) {
    switch (verb) {
        case Verb::helo:
        case Verb::ehlo:
        case Verb::lhlo:
            return parse_hello(verb, text);
        case Verb::auth:
            return parse_auth(text);
        case Verb::mail:
            return parse_mail(text, announced);
        case Verb::rcpt:
            return parse_rcpt(text, announced);
        case Verb::bdat:
        case Verb::bdat_last:
            return parse_bdat(text);
        case Verb::vrfy:
        case Verb::expn:
            if (text.empty()) return bad_argument("expected a name");
            return Command{verb, Text{std::string(text)}};
        case Verb::noop:
        case Verb::help:
            return Command{verb, Text{std::string(text)}};
        case Verb::starttls:
        case Verb::data:
        case Verb::rset:
        case Verb::quit:
            if (!text.empty()) return bad_argument("no argument allowed");  // RFC 5321 §4.3.2, RFC 3207 §4
            return Command{verb, std::monostate()};
        case Verb::http:
            break;
    }
    return Command{Verb::http, Text{}};
}

}  // namespace

std::optional<Verb> find_verb(std::string_view line) {
    const auto word = first_word(line);
    for (const Verb verb : verbs)
        if (same_ignoring_case(word, name_of(verb))) return verb;
    // Methods are upper case (RFC 9110 §9.1) and something follows them: "GET / HTTP/1.1".
    if (word.size() < line.size() && std::ranges::find(http_methods, word) != http_methods.end())
        return Verb::http;
    return std::nullopt;
}

std::expected<Command, Reply> parse_command(std::string_view line, Extensions announced) {
    const auto verb = find_verb(line);
    if (verb == Verb::http) return Command{Verb::http, Text{}};
    if (line.size() > (verb == Verb::auth ? auth_command_octets_max : command_octets_max))
        return refuse(500, {5, 5, 2}, "line too long");
    if (std::ranges::any_of(line, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; }))
        return refuse(500, {5, 5, 2}, "control character in command");
    if (!verb) return refuse(500, {5, 5, 2}, "unknown command");
    return parse_argument(*verb, trim(line.substr(name_of(*verb).size())), announced);
}

std::string format_mail(const Mail& mail) {
    std::string out = "MAIL FROM:" + to_path(mail.reverse_path);
    if (mail.size) out += " SIZE=" + std::to_string(*mail.size);
    if (mail.body == Body::eight_bit_mime) out += " BODY=8BITMIME";
    if (mail.body == Body::binary_mime) out += " BODY=BINARYMIME";
    if (mail.smtputf8) out += " SMTPUTF8";
    if (mail.ret == Return::full) out += " RET=FULL";
    if (mail.ret == Return::headers) out += " RET=HDRS";
    if (mail.envelope_id) out += " ENVID=" + to_xtext(*mail.envelope_id);
    if (mail.auth) out += " AUTH=" + to_xtext(*mail.auth);
    return out + "\r\n";
}

std::string format_rcpt(const Rcpt& rcpt) {
    std::string out = "RCPT TO:" + to_path(rcpt.forward_path);
    if (rcpt.notify.never()) {
        out += " NOTIFY=NEVER";
    } else if (rcpt.notify.specified) {
        std::string list;
        if (rcpt.notify.success) list += ",SUCCESS";
        if (rcpt.notify.failure) list += ",FAILURE";
        if (rcpt.notify.delay) list += ",DELAY";
        out += " NOTIFY=" + list.substr(1);
    }
    if (rcpt.original_recipient) {
        const auto& [type, address] = *rcpt.original_recipient;
        out += " ORCPT=" + type + ';' + (type == "utf-8" ? to_utf8_addr_xtext(address) : to_xtext(address));
    }
    return out + "\r\n";
}

}  // namespace heliopost::smtp
