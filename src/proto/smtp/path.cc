#include "proto/smtp/path.h"

#include "base/text.h"

namespace heliopost::smtp {
namespace {

// Path = "<" [ A-d-l ":" ] Mailbox ">",  A-d-l = "@" Domain *( "," "@" Domain )
Result<> skip_source_route(Cursor& in) {
    if (in.peek() != '@') return {};
    // Only where it ends matters: no domain or literal holds ":" but IPv6, whose brackets are skipped.
    do {
        TRY(in.expect('@'));
        if (in.take('[')) {
            in.take_while([](char c) { return c > ' ' && c <= '~' && c != ']'; });
            TRY(in.expect(']'));
        } else if (in.take_while([](char c) {
                         return is_alnum(c) || c == '-' || c == '.' || c == '_' || !is_ascii(c);
                     }).empty()) {
            return fail(Fault::syntax, "bad source route");
        }
    } while (in.take(','));
    return in.expect(':');
}

// Deviates from RFC 5321 §4.1.2, whose Quoted-string may be empty, because nobody can be written to there,
// nor at a domain that cannot be looked up: neither a message nor its bounce would ever go.
Result<Address> path_behind_bracket(Cursor& in) {
    TRY(skip_source_route(in));
    Address address = TRY(parse_mailbox(in));
    TRY(in.expect('>'));
    if (address.local_part.empty()) return fail(Fault::syntax, "empty local part");
    TRY(normalise_domain(address.domain));
    return address;
}

// A path is refused by its length before it is read.
Result<> check_length(const Cursor& in) {
    const auto rest = in.rest();
    if (rest.size() > path_octets_max && !rest.substr(0, path_octets_max).contains('>'))
        return fail(Fault::syntax, "path too long");
    return {};
}

}  // namespace

// Reverse-path = Path / "<>"
Result<Address> parse_reverse_path(Cursor& in) {
    TRY(in.expect('<'));
    if (in.take('>')) return Address{};  // a bounce has no sender to bounce to: RFC 5321 §4.5.5
    TRY(check_length(in));
    return path_behind_bracket(in);
}

// Forward-path = Path / "<Postmaster>": RFC 5321 §4.1.1.3
Result<Address> parse_forward_path(Cursor& in) {
    TRY(in.expect('<'));
    TRY(check_length(in));
    const auto rest = in.rest();
    constexpr std::string_view postmaster = "postmaster>";
    if (in.take_word(postmaster)) return Address{std::string(rest.substr(0, postmaster.size() - 1)), {}};
    return path_behind_bracket(in);
}

std::string to_path(const Address& address) {
    return '<' + to_string(address) + '>';
}

}  // namespace heliopost::smtp
