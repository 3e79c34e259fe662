// Feedback reports about one message (ARF): abuse, and what failed to prove itself.
//
// Values are kept as they were written, unfolded; unknown fields are passed over.
// RFC 5965 §3 (abuse), RFC 6591 §3 and RFC 9991 (authentication failures).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace heliopost::feedback {

inline constexpr size_t failure_value_octets_max = 1024;  // the rest is cut off
inline constexpr size_t failure_values_max = 32;          // of a field that may repeat; the rest is left out
inline constexpr size_t failure_header_octets_max =
    64 * 1024;  // of the message it is about; the rest is cut off

struct Failure {
    std::string feedback_type;  // lower case: "abuse", "auth-failure"
    std::string user_agent, version, source_ip, arrival_date, reporting_mta;
    std::string original_mail_from, original_envelope_id;
    std::string auth_failure, delivery_result, identity_alignment;
    std::string dkim_domain, dkim_identity, dkim_selector, spf_dns;
    std::vector<std::string> original_recipients, reported_domains, reported_uris, authentication_results;
    std::uint64_t incidents = 1;
    std::string header;  // of the message that it is about, where it came along

    bool operator==(const Failure&) const = default;
};

// The body of message/feedback-report. Fault::syntax where it does not say what it is about.
Result<Failure> parse_failure(std::string_view block);

}  // namespace heliopost::feedback
