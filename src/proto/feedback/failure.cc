#include "proto/feedback/failure.h"

#include <utility>

#include "base/text.h"
#include "proto/mime/header.h"

namespace heliopost::feedback {
namespace {

constexpr std::pair<std::string_view, std::string Failure::*> singles[] = {
    {"Feedback-Type", &Failure::feedback_type},
    {"User-Agent", &Failure::user_agent},
    {"Version", &Failure::version},
    {"Source-IP", &Failure::source_ip},
    {"Arrival-Date", &Failure::arrival_date},
    {"Received-Date", &Failure::arrival_date},  // RFC 5965 §3.2
    {"Reporting-MTA", &Failure::reporting_mta},
    {"Original-Mail-From", &Failure::original_mail_from},
    {"Original-Envelope-Id", &Failure::original_envelope_id},
    {"Auth-Failure", &Failure::auth_failure},
    {"Delivery-Result", &Failure::delivery_result},
    {"Identity-Alignment", &Failure::identity_alignment},
    {"DKIM-Domain", &Failure::dkim_domain},
    {"DKIM-Identity", &Failure::dkim_identity},
    {"DKIM-Selector", &Failure::dkim_selector},
    {"SPF-DNS", &Failure::spf_dns},
};

constexpr std::pair<std::string_view, std::vector<std::string> Failure::*> lists[] = {
    {"Original-Rcpt-To", &Failure::original_recipients},
    {"Reported-Domain", &Failure::reported_domains},
    {"Reported-URI", &Failure::reported_uris},
    {"Authentication-Results", &Failure::authentication_results},
};

void take(Failure& failure, std::string_view name, std::string value) {
    for (const auto& [known, member] : singles)
        if (same_ignoring_case(name, known) && (failure.*member).empty()) failure.*member = value;
    for (const auto& [known, member] : lists)
        if (same_ignoring_case(name, known) && (failure.*member).size() < failure_values_max)
            (failure.*member).push_back(value);
    if (same_ignoring_case(name, "Incidents")) failure.incidents = to_number(value).value_or(1);
}

}  // namespace

Result<Failure> parse_failure(std::string_view block) {
    Failure failure;
    // Some leave an empty line in front.
    while (block.starts_with("\r\n") || block.starts_with('\n'))
        block.remove_prefix(block.front() == '\r' ? 2 : 1);
    mime::FieldReader reader(block);
    while (const auto field = reader.next())
        take(failure, field->name, mime::unfold(field->value.substr(0, failure_value_octets_max)));
    failure.feedback_type = to_lower(failure.feedback_type);
    if (failure.feedback_type.empty()) return fail(Fault::syntax, "Feedback-Type is missing");
    return failure;
}

}  // namespace heliopost::feedback
