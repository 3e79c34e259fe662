#include "proto/arc/arc_set.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "proto/dkim/canonical.h"

namespace heliopost::arc {
namespace {

constexpr std::array<std::string_view, 3> chains{"none", "pass", "fail"};

// instance = [CFWS] "i" [CFWS] "=" [CFWS] 1*2DIGIT [CFWS], §4.2.1
Result<unsigned> instance_of(std::string_view text) {
    const auto number = to_number(text);
    if (!number || *number == 0 || *number > instances_max || text.size() > 2)
        return fail(Fault::syntax, "i= is no instance");
    return static_cast<unsigned>(*number);
}

Result<dkim::TagList> tags_of(std::string_view value) {
    if (value.size() > dkim::signature_octets_max) return fail(Fault::too_large, "the field is too long");
    return dkim::TagList::parse(value);
}

// A set whose fields are still being found.
struct Parts {
    std::optional<std::string> results, signature, seal;
    dkim::Signature signed_by;
    Seal sealed_by;
};

Result<void> put(std::optional<std::string>& place, std::string_view text) {
    if (place) return fail(Fault::syntax, "an instance has a field twice");
    place = text;
    return {};
}

// One field of a header, if it is one of ARC's.
Result<void> take_field(std::array<Parts, instances_max>& parts, const mime::Field& field,
                        std::string_view text) {
    if (same_ignoring_case(field.name, "ARC-Authentication-Results")) {
        const unsigned instance = TRY(parse_results_instance(field.value));
        return put(parts.at(instance - 1).results, text);
    }
    if (same_ignoring_case(field.name, "ARC-Message-Signature")) {
        MessageSignature found = TRY(parse_message_signature(field.value));
        Parts& place = parts.at(found.instance - 1);
        place.signed_by = std::move(found.signature);
        return put(place.signature, text);
    }
    if (same_ignoring_case(field.name, "ARC-Seal")) {
        Seal found = TRY(parse_seal(field.value));
        Parts& place = parts.at(found.instance - 1);
        place.sealed_by = std::move(found);
        return put(place.seal, text);
    }
    return {};
}

bool is_empty(const Parts& parts) {
    return !parts.results && !parts.signature && !parts.seal;
}

}  // namespace

std::string_view name_of(Chain chain) {
    return chains.at(static_cast<size_t>(chain));
}

Result<Seal> parse_seal(std::string_view value) {
    const dkim::TagList tags = TRY(tags_of(value));
    Seal seal;
    seal.instance = TRY(instance_of(TRY(dkim::required(tags, "i"))));
    seal.algorithm = TRY(dkim::parse_algorithm(TRY(dkim::required(tags, "a"))));
    seal.value = TRY(dkim::octets_of(tags, "b"));
    seal.domain = TRY(dkim::required(tags, "d"));
    seal.selector = TRY(dkim::required(tags, "s"));
    TRY(dkim::number_of(tags, "t"));
    const std::string chain = to_lower(TRY(dkim::required(tags, "cv")));
    const auto found = std::ranges::find(chains, chain);
    if (found == chains.end()) return fail(Fault::syntax, "cv= is no verdict");
    seal.chain = static_cast<Chain>(found - chains.begin());
    // §4.1.3: a seal covers ARC's fields and no others
    if (tags.find("h") || tags.find("bh")) return fail(Fault::syntax, "a seal has no h= and no bh=");
    return seal;
}

Result<MessageSignature> parse_message_signature(std::string_view value) {
    const dkim::TagList tags = TRY(tags_of(value));
    MessageSignature found;
    found.instance = TRY(instance_of(TRY(dkim::required(tags, "i"))));
    found.signature = TRY(dkim::read_signature(tags));
    // Deviates from RFC 8617 §4.1.2, by which c= defaults as in DKIM, because other implementations, and the
    // suite they share, take it as relaxed, as every sealer writes it.
    if (!tags.find("c")) found.signature.header = found.signature.body = dkim::Canonicalization::relaxed;
    const auto names = tags.find("h");
    if (!names) return fail(Fault::syntax, "the tag h= is missing");
    found.signature.fields = dkim::words_of(*names, ':');
    std::erase(found.signature.fields, "");
    if (found.signature.fields.size() > dkim::signed_fields_max)
        return fail(Fault::too_large, "h= names too many fields");
    for (const std::string& name : found.signature.fields)
        if (same_ignoring_case(name, "ARC-Seal")) return fail(Fault::syntax, "ARC-Seal is signed");  // §4.1.2
    return found;
}

Result<unsigned> parse_results_instance(std::string_view value) {
    const size_t end = value.find(';');
    if (end == std::string_view::npos) return fail(Fault::syntax, "i= is missing");
    const std::string_view first = trim(value.substr(0, end));
    const size_t equals = first.find('=');
    if (equals == std::string_view::npos || trim(first.substr(0, equals)) != "i")
        return fail(Fault::syntax, "i= is missing");
    return instance_of(trim(first.substr(equals + 1)));
}

Result<std::vector<ArcSet>> collect_sets(std::string_view header) {
    std::array<Parts, instances_max> parts;
    mime::FieldReader reader(header);
    while (const auto field = reader.next())
        TRY(take_field(parts, *field, header.substr(field->begin, field->end - field->begin)));
    std::vector<ArcSet> sets;
    size_t last = parts.size();
    while (last > 0 && is_empty(parts.at(last - 1))) --last;
    for (size_t i = 0; i < last; ++i) {
        Parts& one = parts.at(i);
        if (!one.results || !one.signature || !one.seal)
            return fail(Fault::syntax, "instance " + std::to_string(i + 1) + " is not whole");
        sets.push_back({*std::move(one.results), *std::move(one.signature), *std::move(one.seal),
                        std::move(one.signed_by), std::move(one.sealed_by)});
    }
    return sets;
}

Result<unsigned> next_instance(std::string_view header) {
    unsigned highest = 0;
    std::array<bool, instances_max + 1> failed{};
    mime::FieldReader reader(header);
    while (const auto field = reader.next()) {
        if (same_ignoring_case(field->name, "ARC-Authentication-Results")) {
            if (const auto instance = parse_results_instance(field->value))
                highest = std::max(highest, *instance);
        } else if (same_ignoring_case(field->name, "ARC-Message-Signature")) {
            if (const auto found = parse_message_signature(field->value))
                highest = std::max(highest, found->instance);
        } else if (same_ignoring_case(field->name, "ARC-Seal")) {
            const auto found = parse_seal(field->value);
            if (!found) continue;
            highest = std::max(highest, found->instance);
            if (found->chain == Chain::fail) failed.at(found->instance) = true;
        }
    }
    if (failed.at(highest)) return fail(Fault::denied, "the chain has failed already");   // §5.1
    if (highest == instances_max) return fail(Fault::denied, "there are too many sets");  // §5.1
    return highest + 1;
}

std::string sealed_header(const std::vector<ArcSet>& sets, std::size_t count) {
    constexpr auto relaxed = dkim::Canonicalization::relaxed;
    std::string out;
    for (size_t i = 0; i < count; ++i) {
        const ArcSet& set = sets.at(i);
        out += dkim::canonical_field(relaxed, set.results) + dkim::canonical_field(relaxed, set.signature);
        out +=
            dkim::canonical_field(relaxed, i + 1 < count ? set.seal : dkim::without_value_of("b", set.seal));
    }
    out.resize(out.size() - 2);
    return out;
}

}  // namespace heliopost::arc
