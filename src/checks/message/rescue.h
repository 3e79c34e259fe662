// Whether a message that fails DMARC is excused because somebody whom we trust has seen it pass on its way.
// RFC 8617 §7.2.1. Internal to checks/message.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checks/message/verdicts.h"

namespace heliopost::message_check {

// Only for a chain that holds. Counts the sets from the last one back, as long as their sealers are trusted
// (by exactly these names): what stands before an unknown sealer could have been made up by it. One of them
// must have found DMARC pass for the domain that is in From now.
std::optional<Override> rescue(const Verdicts& verdicts, const std::vector<std::string>& trusted_sealers);

}  // namespace heliopost::message_check
