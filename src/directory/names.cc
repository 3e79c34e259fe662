#include "directory/names.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "base/text.h"
#include "proto/smtp/address.h"

namespace heliopost::directory {
namespace {

bool is_control(char c) {
    return (static_cast<unsigned char>(c) < 0x20) || c == 0x7f;
}

// atext without UTF-8, RFC 5322 §3.2.3
bool is_atext(char c) {
    return is_alnum(c) || !is_ascii(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

Result<std::string> fold_unicode(std::string_view text) {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* composer = icu::Normalizer2::getNFCInstance(status);
    if (U_FAILURE(status) != 0) return fail(Fault::internal, "no Unicode tables");
    auto folded = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
    folded.toLower(icu::Locale::getRoot());
    const icu::UnicodeString composed = composer->normalize(folded, status);
    if (U_FAILURE(status) != 0) return fail(Fault::syntax, "local part cannot be normalised");
    std::string out;
    composed.toUTF8String(out);
    if (out.size() > smtp::local_part_octets_max) return fail(Fault::syntax, "local part too long");
    return out;
}

}  // namespace

Result<std::string> fold_local_part(std::string_view local_part) {
    if (local_part.empty()) return fail(Fault::syntax, "empty local part");
    if (local_part.size() > smtp::local_part_octets_max) return fail(Fault::syntax, "local part too long");
    if (std::ranges::any_of(local_part, is_control)) return fail(Fault::syntax, "control in local part");
    if (is_ascii_text(local_part)) return to_lower(local_part);
    if (!is_utf8(local_part)) return fail(Fault::syntax, "local part is not UTF-8");
    return fold_unicode(local_part);
}

Result<Name> make_name(std::string_view local_part, std::string_view domain) {
    Name name;
    name.local_part = TRY(fold_local_part(local_part));
    name.domain = TRY(smtp::normalise_domain(domain));
    return name;
}

Result<Name> parse_name(std::string_view address) {
    const smtp::Address parsed = TRY(smtp::parse_address(address));
    return make_name(parsed.local_part, parsed.domain);
}

Result<Name> parse_new_name(std::string_view address) {
    Name name = TRY(parse_name(address));
    TRY(parse_domain(name.domain));
    for (const std::string_view atom : split(name.local_part, '.'))
        if (atom.empty() || !std::ranges::all_of(atom, is_atext))
            return fail(Fault::syntax,
                        "a local part is made of letters, digits and !#$%&'*+-/=?^_`{|}~. only");
    return name;
}

Result<std::string> parse_domain(std::string_view name) {
    std::string domain = TRY(smtp::normalise_domain(name));
    if (domain.empty() || domain.front() == '[') return fail(Fault::syntax, "not a domain name");
    return domain;
}

Result<std::string> normalise_target(std::string_view address) {
    smtp::Address parsed = TRY(smtp::parse_address(address));
    TRY(fold_local_part(parsed.local_part));
    parsed.domain = TRY(smtp::normalise_domain(parsed.domain));
    return smtp::to_string(parsed);
}

}  // namespace heliopost::directory
