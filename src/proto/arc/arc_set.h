// ARC sets: what each hop that vouches for a message has added to it. RFC 8617 §4.
//
// A set is three fields of one instance: ARC-Authentication-Results (what the hop found),
// ARC-Message-Signature (over the message, as DKIM) and ARC-Seal (over all sets up to its own).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/dkim/signature.h"

namespace heliopost::arc {

inline constexpr unsigned instances_max = 50;  // RFC 8617 §4.2.1

enum class Chain : std::uint8_t { none, pass, fail };  // cv=, and the verdict on a chain
std::string_view name_of(Chain chain);

struct Seal {
    unsigned instance = 0;
    dkim::Algorithm algorithm = dkim::Algorithm::rsa_sha256;
    Chain chain = Chain::none;
    std::string value;  // b=, octets
    std::string domain;
    std::string selector;
};

struct MessageSignature {
    unsigned instance = 0;
    dkim::Signature signature;
};

// The fields' values. They fail with the reason in words.
Result<Seal> parse_seal(std::string_view value);
Result<MessageSignature> parse_message_signature(std::string_view value);
Result<unsigned> parse_results_instance(std::string_view value);  // "i=1; authserv-id; ..."

struct ArcSet {
    std::string results, signature, seal;  // the fields' texts, with their line ends
    dkim::Signature signed_by;
    Seal sealed_by;
};

// The sets of a header, the first instance first; empty where there is none. Fails where they do not make a
// chain: a field is missing, twice there or malformed, an instance is left out, or there are too many (§5.2).
Result<std::vector<ArcSet>> collect_sets(std::string_view header);

// The instance that a new set has: one above the highest that any ARC field names, whatever else is wrong
// with the sets (§5.1.2). Fails with Fault::denied, and the reason, where the chain is closed: the last seal
// says cv=fail, or there is no number left.
Result<unsigned> next_instance(std::string_view header);

// What the seal of the last of these sets covers: the relaxed forms of all fields in order, its own b= cut
// out and its line end left off (§5.1.1).
std::string sealed_header(const std::vector<ArcSet>& sets, std::size_t count);

}  // namespace heliopost::arc
