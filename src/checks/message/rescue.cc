#include "checks/message/rescue.h"

#include <algorithm>

#include "base/text.h"
#include "proto/results/results.h"

namespace heliopost::message_check {
namespace {

bool found_pass(std::string_view value, const std::string& domain) {
    const auto found = results::parse_results(value);
    if (!found) return false;
    return std::ranges::any_of(found->methods, [&](const results::Method& one) {
        return one.name == "dmarc" && one.verdict == "pass" &&
               same_ignoring_case(one.property("header", "from"), domain);
    });
}

}  // namespace

std::optional<Override> rescue(const Verdicts& verdicts, const std::vector<std::string>& trusted_sealers) {
    if (verdicts.dmarc.verdict != dmarc_check::Verdict::fail || verdicts.arc.verdict != arc::Chain::pass)
        return std::nullopt;
    const std::string& domain = verdicts.dmarc.author.domain;
    for (size_t count = verdicts.arc.sealers.size(); count > 0; --count) {
        const std::string& sealer = verdicts.arc.sealers.at(count - 1);
        if (std::ranges::find(trusted_sealers, sealer) == trusted_sealers.end()) return std::nullopt;
        if (!found_pass(verdicts.arc.results.at(count - 1), domain)) continue;
        return Override{"trusted_forwarder", sealer + ", which is trusted, found DMARC pass for " + domain +
                                                 " and sealed it as instance " + std::to_string(count)};
    }
    return std::nullopt;
}

}  // namespace heliopost::message_check
