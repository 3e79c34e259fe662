#include "base/cursor.h"
#include "base/text.h"
#include "proto/mime/cfws.h"
#include "proto/mime/header.h"
#include "proto/results/results.h"
#include "proto/smtp/address.h"

namespace heliopost::results {
namespace {

// token of RFC 2045 §5.1, and UTF8-non-ascii: RFC 6532 §3.2
bool is_token_octet(char c) {
    return !is_ascii(c) || (c > ' ' && c != '\x7f' && !std::string_view("()<>@,;:\\\"/[]?=").contains(c));
}

// What stands in a pvalue without quotes: also addresses and what is left of the many that quote nothing.
bool is_value_octet(char c) {
    return !is_ascii(c) || (c > ' ' && c != '\x7f' && !std::string_view("();\"").contains(c));
}

bool is_keyword_octet(char c) {
    return is_alnum(c) || c == '-' || c == '_';
}

Result<std::string> keyword(Cursor& in, std::string_view what) {
    const std::string_view word = in.take_while(is_keyword_octet);
    if (word.empty()) return fail(Fault::syntax, std::string(what) + " is missing");
    return to_lower(word);
}

// value = token / quoted-string;  pvalue = [CFWS] ( value / [ [ local-part ] "@" ] domain-name ) [CFWS]
template <class Accepts>
std::string take_value(Cursor& in, Accepts accepts) {
    std::string text;
    if (in.peek() == '"') text = mime::take_quoted_string(in);
    text += in.take_while(accepts);  // a quoted local part has "@domain" behind it
    return text;
}

// authserv-id [ CFWS authres-version ]; stops at the ";" or the end.
Result<std::string> server_of(Cursor& in) {
    mime::skip_cfws(in);
    std::string server = take_value(in, is_token_octet);
    if (server.empty()) return fail(Fault::syntax, "the server's name is missing");
    mime::skip_cfws(in);
    in.take_while(is_digit);
    mime::skip_cfws(in);
    if (!in.done() && in.peek() != ';') return fail(Fault::syntax, "text behind the server's name");
    return server;
}

// methodspec = [CFWS] method [CFWS] "=" [CFWS] result;  method = Keyword [ [CFWS] "/" [CFWS] method-version ]
Result<void> read_method(Cursor& in, Method& into) {
    into.name = TRY(keyword(in, "a method"));
    mime::skip_cfws(in);
    if (in.take('/')) {
        mime::skip_cfws(in);
        in.take_while(is_digit);
        mime::skip_cfws(in);
    }
    TRY(in.expect('='));
    mime::skip_cfws(in);
    into.verdict = TRY(keyword(in, "a verdict"));
    return {};
}

// reasonspec = "reason" [CFWS] "=" [CFWS] value
// propspec = ptype [CFWS] "." [CFWS] property [CFWS] "=" pvalue
Result<void> read_property(Cursor& in, Method& into) {
    Property property;
    property.type = TRY(keyword(in, "a property"));
    mime::skip_cfws(in);
    if (in.take('=')) {
        if (property.type != "reason") return fail(Fault::syntax, "a property has no type");
        mime::skip_cfws(in);
        into.reason = take_value(in, is_value_octet);
        return {};
    }
    TRY(in.expect('.'));
    mime::skip_cfws(in);
    property.name = TRY(keyword(in, "a property"));
    mime::skip_cfws(in);
    TRY(in.expect('='));
    mime::skip_cfws(in);
    property.value = take_value(in, is_value_octet);
    if (into.properties.size() == properties_max) return fail(Fault::too_large, "too many properties");
    into.properties.push_back(std::move(property));
    return {};
}

// resinfo = [CFWS] ";" methodspec [ CFWS reasonspec ] [ CFWS 1*propspec ]
Result<Method> take_method(Cursor& in) {
    Method method;
    TRY(read_method(in, method));
    for (;;) {
        mime::skip_cfws(in, &method.comment);
        if (in.done() || in.peek() == ';') return method;
        TRY(read_property(in, method));
    }
}

std::string comparable(std::string_view server) {
    const auto domain = smtp::normalise_domain(server);
    return domain ? *domain : to_lower(server);
}

}  // namespace

std::string_view Method::property(std::string_view wanted_type, std::string_view wanted) const {
    for (const Property& one : properties)
        if (one.type == wanted_type && one.name == wanted) return one.value;
    return {};
}

// authres-payload = [CFWS] authserv-id [ CFWS authres-version ] ( no-result / 1*resinfo ) [CFWS]
Result<Results> parse_results(std::string_view value) {
    if (value.size() > results_octets_max) return fail(Fault::too_large, "the field is too long");
    Cursor in(value);
    Results results;
    results.server = TRY(server_of(in));
    while (in.take(';')) {
        mime::skip_cfws(in);
        if (in.done()) break;  // a ";" at the end, as some write it
        Cursor none = in;
        if (none.take_word("none")) {
            mime::skip_cfws(none);
            if (none.done()) return results;
        }
        if (results.methods.size() == methods_max) return fail(Fault::too_large, "too many methods");
        results.methods.push_back(TRY(take_method(in)));
    }
    return results;
}

bool claims_to_be(std::string_view value, const std::vector<std::string>& servers) {
    Cursor in(value.substr(0, results_octets_max));
    const auto server = server_of(in);
    if (!server) return true;
    const std::string name = comparable(*server);
    for (const std::string& one : servers)
        if (comparable(one) == name) return true;
    return false;
}

std::string merged_value(std::string_view header, std::string_view server) {
    std::string merged;
    mime::FieldReader reader(header);
    while (const auto field = reader.next()) {
        if (!same_ignoring_case(field->name, "Authentication-Results")) continue;
        Cursor in(field->value.substr(0, results_octets_max));
        const auto name = server_of(in);
        if (!name || comparable(*name) != comparable(server)) continue;
        in.take(';');
        const std::string_view rest = trim(in.rest());
        if (rest.empty()) continue;
        if (merged.size() + rest.size() > results_octets_max) break;
        merged += merged.empty() ? std::string(server) : "";
        merged += (merged.size() == server.size() ? "; " : ";\r\n\t") + std::string(rest);
        while (merged.ends_with(';')) merged.pop_back();
    }
    return merged;
}

}  // namespace heliopost::results
