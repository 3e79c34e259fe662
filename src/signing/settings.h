// What an administrator decides about signatures: [dkim] of the configuration.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "checks/dkim/sign.h"

namespace heliopost::signing {

struct Settings {
    bool sign = true;
    bool seal_forwarded = true;  // ARC
    std::vector<std::string> fields = dkim_check::usual_fields();
    std::vector<std::string> unsigned_domains;    // ours, whose mail goes out as it is
    std::chrono::seconds rotate_after{0};         // the age of a key; 0: only when asked
    std::chrono::seconds overlap{7 * 24 * 3600};  // how long the record of a retired key stays
};

}  // namespace heliopost::signing
