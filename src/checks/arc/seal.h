// The ARC set that we add to a message which goes on: what we found, vouched for. RFC 8617 §5.1.
//
//   const auto set = arc_check::seal(sealer, header, body_hash, answer.verdict, "mx.a.example; spf=pass ...",
//   now);
//
// Pure: the chain is verified before (verify.h). A chain that has failed is sealed once more, to say so, and
// then closed: after that seal() fails with Fault::denied, and the message goes on as it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "checks/dkim/sign.h"
#include "crypto/public_key.h"
#include "proto/arc/arc_set.h"

namespace heliopost::arc_check {

enum class Cover : std::uint8_t { once, over_signed };  // how often each field is named in h=

struct Sealer {
    std::string domain;  // A-labels
    std::string selector;
    const crypto::PrivateKey* key = nullptr;
    std::vector<std::string> fields = sealed_fields();
    Cover cover = Cover::over_signed;

    // DKIM's, and the signatures that the next hop may find broken: RFC 8617 §4.1.2.
    static std::vector<std::string> sealed_fields();
};

// The three fields, each with its line end, to stand in front of the header. body_hash: of the relaxed body.
// chain: our verdict on the sets that are there. results: authserv-id and results, as they stand in our
// Authentication-Results, folds included.
Result<std::string> seal(const Sealer& sealer, std::string_view header, std::string_view body_hash,
                         arc::Chain chain, std::string_view results, Time now);

}  // namespace heliopost::arc_check
