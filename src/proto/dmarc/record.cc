#include "proto/dmarc/record.h"

#include <algorithm>
#include <array>

#include "base/cursor.h"
#include "base/text.h"

namespace heliopost::dmarc {
namespace {

constexpr std::array<std::string_view, 3> policies{"none", "quarantine", "reject"};

struct Tag {
    std::string name;  // lower case
    std::string_view value;
};

// dmarc-tag = 1*ALPHA equals 1*dmarc-value;  equals = *WSP "=" *WSP
std::optional<Tag> parse_tag(std::string_view text) {
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = trim(text.substr(0, equals));
    if (name.empty() || !std::ranges::all_of(name, is_alpha)) return std::nullopt;
    return Tag{to_lower(name), trim(text.substr(equals + 1))};
}

// dmarc-request = "none" / "quarantine" / "reject"
std::optional<Policy> parse_policy(std::string_view value) {
    const auto found = std::ranges::find(policies, to_lower(value));
    if (found == policies.end()) return std::nullopt;
    return static_cast<Policy>(found - policies.begin());
}

// dmarc-rors = "r" / "s"
Alignment parse_alignment(std::string_view value) {
    return same_ignoring_case(value, "s") ? Alignment::strict : Alignment::relaxed;
}

// dmarc-fo = "0" / "1" / "d" / "s" / "d:s" / "s:d", and any list of them: RFC 7489 §6.3
FailureOptions parse_failure_options(std::string_view value) {
    FailureOptions options{.all_failed = false};
    for (const std::string_view word : split(value, ':')) {
        const std::string_view option = trim(word);
        if (option == "0") options.all_failed = true;
        if (option == "1") options.any_failed = true;
        if (same_ignoring_case(option, "d")) options.dkim = true;
        if (same_ignoring_case(option, "s")) options.spf = true;
    }
    if (options == FailureOptions{.all_failed = false}) return {};
    return options;
}

// RFC 7489 §6.4: dmarc-uri = URI [ "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] ]
std::optional<ReportUri> parse_uri(std::string_view text) {
    ReportUri out;
    if (const size_t mark = text.rfind('!'); mark != std::string_view::npos) {
        std::string_view size = text.substr(mark + 1);
        unsigned shift = 0;
        if (!size.empty())
            if (const size_t unit = std::string_view("kmgt").find(lower(size.back()));
                unit != std::string_view::npos) {
                shift = 10 * (static_cast<unsigned>(unit) + 1);
                size.remove_suffix(1);
            }
        const auto number = to_number(size);
        if (!number || *number > (UINT64_MAX >> shift)) return std::nullopt;
        out.octets_max = *number << shift;
        text = text.substr(0, mark);
    }
    const size_t colon = text.find(':');
    const auto in_scheme = [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; };
    const auto in_uri = [](char c) {
        return c > ' ' && c < '\x7f' && !std::string_view("<>\"!,;").contains(c);
    };
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size() ||
        !is_alpha(text.front()) || text.size() > uri_octets_max ||
        !std::ranges::all_of(text.substr(0, colon), in_scheme) || !std::ranges::all_of(text, in_uri))
        return std::nullopt;
    out.uri = text;
    return out;
}

// dmarc-urilist = dmarc-uri *(*WSP "," *WSP dmarc-uri); what is no URI is passed over
std::vector<ReportUri> parse_uris(std::string_view value) {
    std::vector<ReportUri> uris;
    for (size_t from = 0; from <= value.size() && uris.size() < uris_max;) {
        const size_t to = std::min(value.find(',', from), value.size());
        if (auto uri = parse_uri(trim(value.substr(from, to - from)))) uris.push_back(*std::move(uri));
        from = to + 1;
    }
    return uris;
}

// A record under way, with what was wrong in its policies.
struct Reading {
    Record record;
    bool wrong_policy = false;

    void take_policy(std::optional<Policy>& place, std::string_view value) {
        place = parse_policy(value);
        if (!place) wrong_policy = true;
    }
    void take(const Tag& tag);
};

void Reading::take(const Tag& tag) {
    std::optional<Policy> policy;
    const auto number = to_number(tag.value);
    if (tag.name == "p") {
        take_policy(policy, tag.value);
        record.policy = policy.value_or(Policy::none);
    } else if (tag.name == "sp") {
        take_policy(record.subdomains, tag.value);
    } else if (tag.name == "np") {
        take_policy(record.missing_subdomains, tag.value);
    } else if (tag.name == "adkim") {
        record.dkim = parse_alignment(tag.value);
    } else if (tag.name == "aspf") {
        record.spf = parse_alignment(tag.value);
    } else if (tag.name == "psd") {
        record.suffix = same_ignoring_case(tag.value, "y")   ? SuffixMark::yes
                        : same_ignoring_case(tag.value, "n") ? SuffixMark::no
                                                             : SuffixMark::unknown;
    } else if (tag.name == "t") {
        record.testing = same_ignoring_case(tag.value, "y");
    } else if (tag.name == "pct") {
        if (number && *number <= 100) record.percent = static_cast<unsigned>(*number);
    } else if (tag.name == "fo") {
        record.failures = parse_failure_options(tag.value);
    } else if (tag.name == "rua") {
        record.aggregate_to = parse_uris(tag.value);
    } else if (tag.name == "ruf") {
        record.failures_to = parse_uris(tag.value);
    } else if (tag.name == "ri") {
        if (number && *number <= UINT32_MAX) record.interval = std::chrono::seconds(*number);
    }
}

std::string list_of(const std::vector<ReportUri>& uris) {
    std::string out;
    for (const ReportUri& one : uris) {
        out += (out.empty() ? "" : ",") + one.uri;
        if (one.octets_max) out += "!" + std::to_string(*one.octets_max);
    }
    return out;
}

std::string text_of(const FailureOptions& options) {
    std::string out;
    const auto add = [&](bool wanted, char letter) {
        if (!wanted) return;
        if (!out.empty()) out += ':';
        out += letter;
    };
    add(options.all_failed, '0');
    add(options.any_failed, '1');
    add(options.dkim, 'd');
    add(options.spf, 's');
    return out;
}

}  // namespace

std::string_view name_of(Policy policy) {
    return policies.at(static_cast<size_t>(policy));
}

// dmarc-version = "v" equals %s"DMARC1"
bool is_record(std::string_view text) {
    const auto tag = parse_tag(text.substr(0, text.find(';')));
    return tag && tag->name == "v" && tag->value == "DMARC1";
}

// dmarc-record = dmarc-version *(dmarc-sep dmarc-tag) [dmarc-sep]
Result<Record> parse_record(std::string_view text) {
    if (text.size() > record_octets_max) return fail(Fault::too_large, "the record is too long");
    if (!is_record(text)) return fail(Fault::syntax, "the record does not begin with v=DMARC1");
    Reading reading;
    size_t tags = 0;
    for (size_t from = 0; from < text.size();) {
        const size_t to = std::min(text.find(';', from), text.size());
        if (++tags > tags_max) return fail(Fault::too_large, "too many tags");
        if (const auto tag = parse_tag(text.substr(from, to - from))) reading.take(*tag);
        from = to + 1;
    }
    Record record = std::move(reading.record);
    if (reading.wrong_policy) {
        // RFC 9989 §4.10.1: the domain wants reports, and gets them; else there is nothing to apply
        if (record.aggregate_to.empty()) return fail(Fault::syntax, "the policy cannot be read");
        record.policy = Policy::none;
        record.subdomains = record.missing_subdomains = std::nullopt;
    }
    return record;
}

std::string to_string(const Record& record) {
    std::string out = "v=DMARC1; p=" + std::string(name_of(record.policy));
    if (record.subdomains) out += "; sp=" + std::string(name_of(*record.subdomains));
    if (record.missing_subdomains) out += "; np=" + std::string(name_of(*record.missing_subdomains));
    if (record.dkim == Alignment::strict) out += "; adkim=s";
    if (record.spf == Alignment::strict) out += "; aspf=s";
    if (record.suffix != SuffixMark::unknown) out += record.suffix == SuffixMark::yes ? "; psd=y" : "; psd=n";
    if (record.testing) out += "; t=y";
    if (record.percent != 100) out += "; pct=" + std::to_string(record.percent);
    if (record.failures != FailureOptions{}) out += "; fo=" + text_of(record.failures);
    if (!record.aggregate_to.empty()) out += "; rua=" + list_of(record.aggregate_to);
    if (!record.failures_to.empty()) out += "; ruf=" + list_of(record.failures_to);
    if (record.interval != Record{}.interval) out += "; ri=" + std::to_string(record.interval.count());
    return out;
}

}  // namespace heliopost::dmarc
