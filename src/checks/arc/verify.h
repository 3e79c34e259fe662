// ARC: who has vouched for this message on its way, and does their chain hold? RFC 8617 §5.2.
//
//   arc_check::Verifier verifier(header_block);
//   verifier.feed(body);
//   const arc_check::Answer answer = co_await verifier.finish(&dns);
//
// A chain that holds says what its sealers found, not that they are to be trusted.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checks/dkim/body_hash.h"
#include "net/dns.h"
#include "proto/arc/arc_set.h"

namespace heliopost::arc_check {

struct Answer {
    arc::Chain verdict = arc::Chain::none;
    std::string reason;                // in words
    std::vector<std::string> sealers;  // d= of each seal, the first instance first; empty unless pass
    std::vector<std::string> results;  // what each found: Authentication-Results, without the instance
};

class Verifier {
public:
    // header: the whole block; copied.
    explicit Verifier(std::string header);

    bool has_chain() const { return !sets_.empty(); }
    void feed(std::string_view body);
    net::Task<Answer> finish(net::DnsBudget* dns);

private:
    // Nothing where the signature is good.
    net::Task<std::optional<std::string>> verify(net::DnsBudget* dns, const dkim::Signature* signature,
                                                 std::string covered);

    std::string header_;
    std::vector<arc::ArcSet> sets_;
    std::optional<std::string> broken_;  // why the sets are no chain
    std::optional<dkim_check::BodyHash> body_;
};

}  // namespace heliopost::arc_check
