#include "proto/pop3/command.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/cursor.h"
#include "base/text.h"

namespace heliopost::pop3 {
namespace {

struct Name {
    std::string_view text;
    Verb verb;
};

constexpr auto names = std::to_array<Name>({{"USER", Verb::user},
                                            {"PASS", Verb::pass},
                                            {"AUTH", Verb::auth},
                                            {"STLS", Verb::stls},
                                            {"CAPA", Verb::capa},
                                            {"STAT", Verb::stat},
                                            {"LIST", Verb::list},
                                            {"UIDL", Verb::uidl},
                                            {"RETR", Verb::retr},
                                            {"TOP", Verb::top},
                                            {"DELE", Verb::dele},
                                            {"NOOP", Verb::noop},
                                            {"RSET", Verb::rset},
                                            {"QUIT", Verb::quit}});

constexpr size_t mechanism_octets_max = 20;  // RFC 4422 §3.1

// msg = 1*DIGIT, from 1 on
Result<std::uint32_t> message_number(std::string_view text) {
    const auto number = to_number(text);
    if (!number || *number == 0 || *number > std::numeric_limits<std::uint32_t>::max())
        return fail(Fault::syntax, "expected a message number");
    return static_cast<std::uint32_t>(*number);
}

// "TOP" SP msg SP n
Result<Command> parse_top(std::string_view text) {
    Cursor in(text);
    Command command;
    command.verb = Verb::top;
    command.message = TRY(message_number(in.take_while(is_digit)));
    if (in.take_while(is_space).empty()) return fail(Fault::syntax, "expected a number of lines");
    const auto lines = to_number(in.rest());
    if (!lines) return fail(Fault::syntax, "expected a number of lines");
    command.lines = *lines;
    return command;
}

// "AUTH" SP mechanism [SP initial-response]: RFC 5034 §4. Without a mechanism it asks for the list, as old
// clients do; the mechanism is empty then.
Result<Command> parse_auth(std::string_view text) {
    Command command;
    command.verb = Verb::auth;
    const auto mechanism = text.substr(0, text.find_first_of(" \t"));
    const auto is_mechanism_char = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
    if (mechanism.size() > mechanism_octets_max || !std::ranges::all_of(mechanism, is_mechanism_char))
        return fail(Fault::syntax, "expected a mechanism");
    command.text = to_upper(mechanism);
    const auto initial = trim(text.substr(mechanism.size()));
    if (initial.find_first_of(" \t") != std::string_view::npos)
        return fail(Fault::syntax, "expected one initial response");
    if (!initial.empty()) command.initial_response = initial;
    return command;
}

Result<Command> parse_argument(Verb verb, std::string_view text) {
    Command command;
    command.verb = verb;
    switch (verb) {
        case Verb::pass:
            // "a server may treat spaces in the argument as part of the password": RFC 1939 §7
            command.text = text;
            break;
        case Verb::user:
            command.text = trim(text);
            break;
        case Verb::auth:
            return parse_auth(trim(text));
        case Verb::top:
            return parse_top(trim(text));
        case Verb::retr:
        case Verb::dele:
            command.message = TRY(message_number(trim(text)));
            return command;
        case Verb::list:
        case Verb::uidl:
            if (!trim(text).empty()) command.message = TRY(message_number(trim(text)));
            return command;
        case Verb::stls:
        case Verb::capa:
        case Verb::stat:
        case Verb::noop:
        case Verb::rset:
        case Verb::quit:
            if (!trim(text).empty()) return fail(Fault::syntax, "no argument allowed");
            return command;
    }
    if (command.text.empty()) return fail(Fault::syntax, "expected an argument");
    return command;
}

}  // namespace

std::string_view name_of(Verb verb) {
    return std::ranges::find(names, verb, &Name::verb)->text;
}

Result<Command> parse_command(std::string_view line) {
    const size_t space = line.find(' ');
    const auto word = line.substr(0, space);
    const auto* found =
        std::ranges::find_if(names, [&](const Name& name) { return same_ignoring_case(word, name.text); });
    const bool auth = found != names.end() && found->verb == Verb::auth;
    const size_t octets_max = auth ? auth_command_octets_max : command_octets_max;
    if (line.size() + 2 > octets_max) return fail(Fault::syntax, "line too long");
    if (std::ranges::any_of(line, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; }))
        return fail(Fault::syntax, "control character in command");
    if (found == names.end()) return fail(Fault::not_found, "unknown command");
    return parse_argument(found->verb,
                          space == std::string_view::npos ? std::string_view() : line.substr(space + 1));
}

}  // namespace heliopost::pop3
