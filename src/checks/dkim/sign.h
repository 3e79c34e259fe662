// The DKIM-Signature that a domain puts on its mail. RFC 6376 §5, RFC 8463.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "crypto/public_key.h"

namespace heliopost::dkim_check {

// What a signature is best to cover: RFC 6376 §5.4.1.
std::vector<std::string> usual_fields();

// Each name as often as it stands in the header, and once more.
std::vector<std::string> over_signed(const std::vector<std::string>& fields, std::string_view header);

struct Signer {
    std::string domain;  // A-labels
    std::string selector;
    const crypto::PrivateKey* key = nullptr;
    // Signed where they stand, and once more than they stand: nobody can add another (over-signing, §8.15).
    std::vector<std::string> fields = usual_fields();
    std::optional<std::chrono::seconds> lifetime;  // x=
};

// The whole field, folded, with its line end, to stand in front of the header. body_hash: of the relaxed
// body.
std::string signature_field(const Signer& signer, std::string_view header, std::string_view body_hash,
                            Time now);

}  // namespace heliopost::dkim_check
