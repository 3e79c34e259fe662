// ForwardSealer: what a message that came from outside, and goes on to another host, bears of what we found:
// an ARC set of the domain that forwards it (RFC 8617 §5.1). Its next host may then believe a signature that
// is broken by then, or an SPF that cannot pass.
//
//   auto sealer = ForwardSealer::begin(keys, "a.example");   // nothing: no RSA key signs, or it is off
//   sealer->feed(octets) ...;                                // as it is stored, from its first octet
//   fields = sealer->finish(verdict_on_the_chain, results, world.now());
//
// RSA alone: sealers and verifiers of Ed25519 are rare, and a chain has one seal a hop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "checks/dkim/body_hash.h"
#include "proto/arc/arc_set.h"
#include "signing/keys.h"

namespace heliopost::signing {

class ForwardSealer {
public:
    static std::optional<ForwardSealer> begin(const Keys& keys, const std::string& domain);

    void feed(std::string_view stored);
    // The three fields, to stand in front of all others. Empty where the chain is closed (§5.1.2) or the
    // header is too long. results: the value of our Authentication-Results.
    std::string finish(arc::Chain chain, std::string_view results, Time now);

private:
    ForwardSealer(std::shared_ptr<const Snapshot> keys, const KeyInUse* key)
        : keys_(std::move(keys)), key_(key) {}

    std::shared_ptr<const Snapshot> keys_;
    const KeyInUse* key_;  // of keys_
    std::string header_;   // with its empty line
    bool in_body_ = false;
    bool too_long_ = false;
    dkim_check::BodyHash body_{dkim::Canonicalization::relaxed};
};

}  // namespace heliopost::signing
