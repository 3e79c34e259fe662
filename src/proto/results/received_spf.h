// Received-SPF: what SPF said, in the field of its own that some readers look for. RFC 7208 §9.1.
#pragma once

#include <string>

namespace heliopost::results {

struct ReceivedSpf {
    std::string verdict;  // "pass", "softfail", ...
    std::string reason;   // in words
    std::string client, envelope_from, helo, receiver, mechanism;
    std::string identity;  // "mailfrom" or "helo"
};

// The whole field, folded, with its line end. Empty values are left out.
std::string write_received_spf(const ReceivedSpf& found);

}  // namespace heliopost::results
