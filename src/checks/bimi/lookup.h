// BIMI: the logo that a domain asks to be shown beside its mail. The record only; no image is fetched.
//
// Only for mail that passed DMARC under a policy that is enforced: who lets others use the name gets no logo.
// draft-brand-indicators-for-message-identification, §7.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "checks/dmarc/evaluate.h"
#include "net/dns.h"
#include "proto/bimi/record.h"

namespace heliopost::bimi_check {

enum class Verdict : std::uint8_t { none, pass, declined, skipped, fail, temp_error };

struct Answer {
    Verdict verdict = Verdict::none;
    std::string reason;
    std::string domain, selector;  // where the record was found
    bimi::Record record;
};

std::string_view name_of(Verdict verdict);

// header: for its BIMI-Selector. At most two questions: the author's domain, and its organisation's.
net::Task<Answer> look_up(net::DnsBudget* dns, std::string header, dmarc_check::Answer dmarc);

}  // namespace heliopost::bimi_check
