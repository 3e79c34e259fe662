#include "proto/sasl/mechanism.h"

#include <unicode/unistr.h>
#include <unicode/usprep.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/base64.h"
#include "base/text.h"

namespace heliopost::sasl {
namespace {

// The best first.
constexpr auto mechanisms =
    std::to_array<Mechanism>({Mechanism::scram_sha_256, Mechanism::plain, Mechanism::login});

Result<std::string> decode(std::string_view text) {
    if (text.size() > line_octets_max) return fail(Fault::syntax, "authentication response too long");
    auto octets = from_base64(text);
    if (!octets) return fail(Fault::syntax, "authentication response is not base64");
    return std::move(*octets);
}

}  // namespace

std::string_view name_of(Mechanism mechanism) {
    switch (mechanism) {
        case Mechanism::plain:
            return "PLAIN";
        case Mechanism::login:
            return "LOGIN";
        case Mechanism::scram_sha_256:
            break;
    }
    return "SCRAM-SHA-256";
}

std::optional<Mechanism> find_mechanism(std::string_view name) {
    for (const Mechanism one : mechanisms)
        if (same_ignoring_case(name, name_of(one))) return one;
    return std::nullopt;
}

std::optional<Mechanism> choose_mechanism(std::span<const std::string> announced) {
    for (const Mechanism one : mechanisms)
        for (const auto& name : announced)
            if (same_ignoring_case(name, name_of(one))) return one;
    return std::nullopt;
}

Result<std::string> decode_response(std::string_view line) {
    if (line == "*") return fail(Fault::syntax, "authentication cancelled");
    return decode(line);
}

Result<std::string> decode_initial_response(std::string_view word) {
    if (word == "=") return std::string();
    if (word.empty()) return fail(Fault::syntax, "empty initial response");
    return decode(word);
}

Result<std::string> prepare(std::string_view text) {
    const auto refused = [] { return fail(Fault::syntax, "prohibited character in name or password"); };
    if (text.empty() || text.size() > name_octets_max || !is_utf8(text)) return refused();
    // Printable ASCII is its own SASLprep.
    if (std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) return std::string(text);

    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<UStringPrepProfile, decltype(&usprep_close)> profile(
        usprep_openByType(USPREP_RFC4013_SASLPREP, &status), &usprep_close);
    if (U_FAILURE(status) != 0) return fail(Fault::internal, "no SASLprep profile");
    const auto from =
        icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
    // Deviates from RFC 4013 §2.5 by taking unassigned code points when a password is set too: the profile
    // knows Unicode 3.2 only, and people do use emoji. NFKC makes one code unit into 18 at most (U+FDFA).
    constexpr int32_t growth_max = 18;
    std::u16string to(static_cast<size_t>(from.length()) * growth_max, u'\0');
    const int32_t length =
        usprep_prepare(profile.get(), from.getBuffer(), from.length(), to.data(),
                       static_cast<int32_t>(to.size()), USPREP_ALLOW_UNASSIGNED, nullptr, &status);
    if (U_FAILURE(status) != 0 || length <= 0) return refused();
    std::string out;
    icu::UnicodeString(to.data(), length).toUTF8String(out);
    return out;
}

}  // namespace heliopost::sasl
