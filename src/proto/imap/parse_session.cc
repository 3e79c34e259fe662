// ID, ENABLE, AUTHENTICATE, LOGIN.
#include "base/base64.h"
#include "base/text.h"
#include "proto/imap/command_parsers.h"
#include "proto/imap/token.h"

namespace heliopost::imap {

// id = "ID" SP id-params-list;  id-params-list = "(" *(string SP nstring) ")" / nil; RFC 2971 §4
Result<CommandBody> parse_id(Cursor& in) {
    command::Id id;
    TRY(expect_space(in));
    if (in.take_word("NIL")) return id;
    TRY(in.expect('('));
    if (in.take(')')) return id;
    do {
        if (id.fields.size() == id_fields_max) return fail(Fault::too_large, "too many ID fields");
        std::string name = TRY(parse_string(in));
        TRY(expect_space(in));
        std::optional<std::string> value = TRY(parse_nstring(in));
        if (name.size() > id_field_octets_max || (value && value->size() > id_value_octets_max))
            return fail(Fault::too_large, "ID field too long");
        id.fields.emplace_back(std::move(name), std::move(value));
    } while (in.take(' '));
    TRY(in.expect(')'));
    return id;
}

// enable = "ENABLE" 1*(SP capability)
Result<CommandBody> parse_enable(Cursor& in) {
    command::Enable enable;
    TRY(expect_space(in));
    do {
        if (enable.names.size() == enabled_names_max) return fail(Fault::too_large, "too many names");
        enable.names.push_back(to_upper(TRY(parse_atom(in))));
    } while (in.take(' ') && !in.done());
    return enable;
}

// authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp];  initial-resp = (base64 / "=")
Result<CommandBody> parse_authenticate(Cursor& in) {
    command::Authenticate authenticate;
    TRY(expect_space(in));
    authenticate.mechanism = to_upper(TRY(parse_atom(in)));
    if (!in.take(' ') || in.done()) return authenticate;
    const auto text = in.take_while([](char c) { return c != ' '; });
    if (text == "=") {
        authenticate.initial.emplace();
        return authenticate;
    }
    auto initial = from_base64(text);
    if (!initial || initial->empty()) return fail(Fault::syntax, "initial response is not base64");
    authenticate.initial = std::move(initial);
    return authenticate;
}

// login = "LOGIN" SP userid SP password
Result<CommandBody> parse_login(Cursor& in) {
    command::Login login;
    TRY(expect_space(in));
    login.user = TRY(parse_astring(in));
    TRY(expect_space(in));
    login.password = TRY(parse_astring(in));
    return login;
}

}  // namespace heliopost::imap
