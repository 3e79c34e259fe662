#include "checks/arc/seal.h"

#include "base/base64.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "proto/dkim/covered.h"

namespace heliopost::arc_check {
namespace {

constexpr size_t line_octets = 900;  // RFC 5322 §2.1.1 allows 998

std::string signed_octets(const Sealer& sealer, std::string_view text) {
    crypto::Sha256 hash;
    hash.add(text);
    return to_base64(sealer.key->sign(hash.finish()));
}

std::string_view algorithm_of(const Sealer& sealer) {
    return sealer.key->is_rsa() ? "rsa-sha256" : "ed25519-sha256";
}

// Names joined by colons; a fold, which changes what the seal covers, only where the line would be illegal.
std::string joined(const std::vector<std::string>& names) {
    std::string out;
    size_t used = 0;
    for (const std::string& name : names) {
        if (!out.empty()) out += ':';
        if (used + name.size() > line_octets) {
            out += "\r\n\t";
            used = 0;
        }
        out += name;
        used += name.size() + 1;
    }
    return out;
}

// The tags are in the order of the alphabet, and values are never folded: a few verifiers are known to take
// the white space of a fold for a part of b=.
std::string message_signature(const Sealer& sealer, std::string_view header, std::string_view body_hash,
                              const std::string& end) {
    const std::vector<std::string> names =
        sealer.cover == Cover::over_signed ? dkim_check::over_signed(sealer.fields, header) : sealer.fields;
    const std::string begin = "ARC-Message-Signature: a=" + std::string(algorithm_of(sealer)) + ";\r\n\tb=";
    const std::string rest = ";\r\n\tbh=" + to_base64(body_hash) +
                             "; c=relaxed/relaxed;\r\n\td=" + sealer.domain + ";\r\n\th=" + joined(names) +
                             end;
    const std::string covered =
        dkim::covered_header(header, names, begin + rest, dkim::Canonicalization::relaxed);
    return begin + signed_octets(sealer, covered) + rest;
}

}  // namespace

std::vector<std::string> Sealer::sealed_fields() {
    std::vector<std::string> fields = dkim_check::usual_fields();
    fields.emplace_back("DKIM-Signature");
    return fields;
}

Result<std::string> seal(const Sealer& sealer, std::string_view header, std::string_view body_hash,
                         arc::Chain chain, std::string_view results, Time now) {
    const std::string instance = std::to_string(TRY(arc::next_instance(header)));
    std::vector<arc::ArcSet> sets;
    if (chain != arc::Chain::fail) {
        auto found = arc::collect_sets(header);
        // Sets in which nobody looked (a header too long to be judged) are vouched for by nobody.
        if (!found || (chain == arc::Chain::none && !found->empty()))
            chain = arc::Chain::fail;
        else
            chain = found->empty() ? arc::Chain::none : arc::Chain::pass;
        // A broken chain has no order to be sealed in: the new set stands alone, §5.1.2.
        if (found) sets = *std::move(found);
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const std::string end =
        ";\r\n\ti=" + instance + "; s=" + sealer.selector + "; t=" + std::to_string(seconds) + "\r\n";
    arc::ArcSet& set = sets.emplace_back();
    set.results = "ARC-Authentication-Results: i=" + instance + "; " + std::string(trim(results)) + "\r\n";
    set.signature = message_signature(sealer, header, body_hash, end);
    const std::string begin = "ARC-Seal: a=" + std::string(algorithm_of(sealer)) + ";\r\n\tb=";
    const std::string rest = ";\r\n\tcv=" + std::string(name_of(chain)) + "; d=" + sealer.domain + end;
    set.seal = begin + rest;
    return begin + signed_octets(sealer, arc::sealed_header(sets, sets.size())) + rest + set.signature +
           set.results;
}

}  // namespace heliopost::arc_check
