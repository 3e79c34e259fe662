// The aggregate reports of DMARC: what a receiver counted over a day, as XML.
//
// parse_aggregate() reads what others send: the namespace, the order and unknown elements do not matter; a
// document with a DOCTYPE is refused, so no entity is ever expanded. Words that no enumeration knows are kept
// as they are: it is a report, not a decision. write_aggregate() writes ours.
//
// RFC 7489 appendix C, RFC 9990 appendix A.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace heliopost::feedback {

inline constexpr size_t report_octets_max = size_t{32} << 20;  // unpacked; RFC 7489 §7.2 sends 10 MB at most
inline constexpr size_t report_depth_max = 16;                 // the schema's is 5
inline constexpr size_t report_rows_max = 100'000;
inline constexpr size_t report_text_octets_max = 1024;  // of one element; the rest is cut off
inline constexpr size_t report_lists_max = 32;  // reasons, signatures, errors of one row; the rest is cut

struct PolicyPublished {
    std::string domain, discovery_method;
    std::string adkim, aspf, p, sp, np, fo, testing, percent;
    bool operator==(const PolicyPublished&) const = default;
};

struct Reason {
    std::string type, comment;  // "trusted_forwarder"
    bool operator==(const Reason&) const = default;
};

struct AuthResult {
    std::string domain, selector, scope, result, human_result;
    bool operator==(const AuthResult&) const = default;
};

struct Row {
    std::string source_ip;
    std::uint64_t count = 0;
    std::string disposition, dkim, spf;  // "none", "pass", "fail"
    std::vector<Reason> reasons;
    std::string header_from, envelope_from, envelope_to;
    std::vector<AuthResult> dkim_results, spf_results;
    bool operator==(const Row&) const = default;
};

struct Aggregate {
    std::string version, org_name, email, extra_contact, report_id, generator;
    std::uint64_t begin = 0, end = 0;  // seconds since 1970
    std::vector<std::string> errors;
    PolicyPublished policy;
    std::vector<Row> rows;
    bool operator==(const Aggregate&) const = default;
};

// Fails with Fault::syntax where the XML is not well-formed or no report, Fault::too_large past a limit.
Result<Aggregate> parse_aggregate(std::string_view xml);

// With the namespace of RFC 9990. What is empty is left out.
std::string write_aggregate(const Aggregate& report);

}  // namespace heliopost::feedback
