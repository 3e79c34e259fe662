#include "proto/dkim/signature.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"

namespace heliopost::dkim {
namespace {

constexpr std::string_view algorithms[] = {"rsa-sha256", "ed25519-sha256", "rsa-sha1"};

Result<void> check_identity(const Signature& signature) {
    const size_t at = signature.identity.rfind('@');
    if (at == std::string::npos || !is_at_or_below(signature.identity.substr(at + 1), signature.domain))
        return fail(Fault::syntax, "i= is not below d=");  // §3.5
    return {};
}

// §3.5: q=, the only method there is
Result<void> check_query(const TagList& tags) {
    const auto query = tags.find("q");
    if (!query) return {};
    const auto methods = words_of(*query, ':');
    if (std::ranges::find(methods, "dns/txt") != methods.end()) return {};
    return fail(Fault::syntax, "q= names no way to the key that is known");
}

Result<std::vector<std::string>> signed_fields(const TagList& tags) {
    std::vector<std::string> fields = words_of(TRY(required(tags, "h")), ':');
    // Deviates from §3.5 because some signers end the list with a colon, and other verifiers take it.
    if (fields.back().empty()) fields.pop_back();
    if (fields.size() > signed_fields_max) return fail(Fault::too_large, "h= names too many fields");
    if (std::ranges::any_of(fields, [](const auto& name) { return name.empty(); }))
        return fail(Fault::syntax, "h= names an empty field");
    if (std::ranges::none_of(fields, [](const auto& name) { return same_ignoring_case(name, "from"); }))
        return fail(Fault::syntax, "From is not signed");  // §5.4
    return fields;
}

// §3.5: a value of more than twelve digits may be taken for "never".
bool is_never(std::optional<std::string_view> expires_at) {
    constexpr size_t digits_told = 12;
    return expires_at && expires_at->size() > digits_told && std::ranges::all_of(*expires_at, is_digit);
}

Result<void> read_times(const TagList& tags, Signature& into) {
    if (const auto at = TRY(number_of(tags, "t"))) into.signed_at = static_cast<std::int64_t>(*at);
    if (!is_never(tags.find("x")))
        if (const auto at = TRY(number_of(tags, "x"))) into.expires_at = static_cast<std::int64_t>(*at);
    if (into.signed_at && into.expires_at && *into.expires_at < *into.signed_at)
        return fail(Fault::syntax, "x= is before t=");
    return {};
}

}  // namespace

Result<std::string> required(const TagList& tags, std::string_view name) {
    const auto found = tags.find(name);
    if (!found || found->empty()) return fail(Fault::syntax, "the tag " + std::string(name) + "= is missing");
    return std::string(*found);
}

Result<std::string> octets_of(const TagList& tags, std::string_view name) {
    const auto octets = from_base64(without_space(TRY(required(tags, name))));
    if (!octets) return fail(Fault::syntax, std::string(name) + "= is not base64");
    return *octets;
}

Result<std::optional<std::uint64_t>> number_of(const TagList& tags, std::string_view name) {
    const auto text = tags.find(name);
    if (!text) return std::nullopt;
    const auto number = to_number(*text);
    if (!number || *number > INT64_MAX) return fail(Fault::syntax, std::string(name) + "= is no number");
    return number;
}

std::string_view name_of(Algorithm algorithm) {
    return algorithms[static_cast<size_t>(algorithm)];
}

Result<Algorithm> parse_algorithm(std::string_view text) {
    const auto found = std::ranges::find(algorithms, to_lower(text));
    if (found == std::end(algorithms)) return fail(Fault::syntax, "a= names no algorithm that is known");
    return static_cast<Algorithm>(found - std::begin(algorithms));
}

// c= of §3.5: header/body; without the second the body is simple.
Result<std::pair<Canonicalization, Canonicalization>> parse_canonicalization(std::string_view text) {
    const auto parse = [](std::string_view word) -> Result<Canonicalization> {
        if (word == "simple") return Canonicalization::simple;
        if (word == "relaxed") return Canonicalization::relaxed;
        return fail(Fault::syntax, "c= names no canonicalization that is known");
    };
    const size_t slash = text.find('/');
    const auto header = TRY(parse(text.substr(0, slash)));
    if (slash == std::string_view::npos) return std::pair(header, Canonicalization::simple);
    return std::pair(header, TRY(parse(text.substr(slash + 1))));
}

Result<Signature> read_signature(const TagList& tags) {
    Signature signature;
    signature.algorithm = TRY(parse_algorithm(TRY(required(tags, "a"))));
    signature.value = TRY(octets_of(tags, "b"));
    signature.body_hash = TRY(octets_of(tags, "bh"));
    signature.domain = TRY(required(tags, "d"));
    signature.selector = TRY(required(tags, "s"));
    const auto forms = TRY(parse_canonicalization(tags.find("c").value_or("simple")));
    signature.header = forms.first;
    signature.body = forms.second;
    signature.identity = "@" + signature.domain;
    signature.length = TRY(number_of(tags, "l"));
    TRY(read_times(tags, signature));
    return signature;
}

Result<Signature> parse_signature(std::string_view value) {
    if (value.size() > signature_octets_max) return fail(Fault::too_large, "the signature is too long");
    const TagList tags = TRY(TagList::parse(value));
    if (TRY(required(tags, "v")) != "1") return fail(Fault::syntax, "v= is not 1");
    Signature signature = TRY(read_signature(tags));
    signature.fields = TRY(signed_fields(tags));
    if (const auto identity = tags.find("i")) signature.identity = *identity;
    TRY(check_identity(signature));
    TRY(check_query(tags));
    return signature;
}

}  // namespace heliopost::dkim
