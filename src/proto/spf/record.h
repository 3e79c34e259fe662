// The SPF record of a domain: mechanisms from left to right, then perhaps a redirect. RFC 7208 §4.6, §5, §6,
// §12.
//
// A record with any error in it is no record at all (§4.6): parse_record() fails with Fault::syntax, and its
// text says in which term.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/spf/macro.h"

namespace heliopost::spf {

// More is refused. A TXT record of 64 KB could hold 13,000 terms; real ones have dozens.
inline constexpr size_t terms_max = 512;
inline constexpr size_t record_octets_max = 65'535;  // RFC 1035 §3.2.1: what RDLENGTH can say

enum class Qualifier : std::uint8_t { pass, fail, soft_fail, neutral };
enum class MechanismKind : std::uint8_t { all, include, a, mx, ptr, ip4, ip6, exists };

struct Mechanism {
    Qualifier qualifier = Qualifier::pass;
    MechanismKind kind = MechanismKind::all;
    MacroString domain;  // include, exists: always; a, mx, ptr: empty means the current domain
    std::array<std::uint8_t, 16> network{};  // ip4: the first four octets
    std::uint8_t prefix4 = 32;
    std::uint8_t prefix6 = 128;
    std::string text;  // as it stands in the record, for the reason of a result
};

struct Record {
    std::vector<Mechanism> mechanisms;
    std::optional<MacroString> redirect;
    std::optional<MacroString> explanation;
};

// Whether a TXT record is an SPF record at all: "v=spf1" and then a space or the end, §4.5.
bool is_record(std::string_view text);
Result<Record> parse_record(std::string_view text);

std::string_view name_of(MechanismKind kind);

// Whether the first bits of two addresses (of 4 or 16 octets) are the same.
bool same_network(const std::uint8_t* a, const std::uint8_t* b, unsigned bits);

}  // namespace heliopost::spf
