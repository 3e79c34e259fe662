// MessageSigner: what a domain of ours signs a message with, fed while the message comes.
//
//   auto signer = MessageSigner::begin(keys, header);   // nothing: its author's domain signs nothing
//   signer->feed(body) ...;   fields = signer->finish(world.now());
//
// The author's domain is that of the first address in From: whether the sender may use it was asked by who
// took the message, or will be before the message goes. One signature a key that is active, RSA and Ed25519
// side by side (RFC 8463 §3). The body is hashed once, while it comes; nothing is read again.
//
// finish() signs where it is called, on the loop: an RSA-2048 signature takes 0.26 ms, as that of a TLS
// handshake, which is made there too. On the pool it would wait behind password hashes of tens of ms, and
// cost the same processor.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "checks/dkim/body_hash.h"
#include "signing/keys.h"

namespace heliopost::signing {

class MessageSigner {
public:
    // Which domain may sign: the author's; for mail that the server itself writes, one above it too, which
    // DMARC takes for aligned (RFC 7489 §3.1.1).
    enum class Domain : std::uint8_t { author, author_or_above };

    // header: the whole block, up to the empty line; as it will be stored.
    static std::optional<MessageSigner> begin(const Keys& keys, std::string_view header,
                                              Domain domain = Domain::author);

    void feed(std::string_view body) { body_.feed(body); }
    // The fields, to stand in front of the header. Once. Empty where the header has more of the fields that
    // are signed than signed_names_max.
    std::string finish(Time now);

    const std::string& domain() const { return domain_; }

private:
    MessageSigner(std::shared_ptr<const Snapshot> keys, std::string domain, std::string header)
        : keys_(std::move(keys)), domain_(std::move(domain)), header_(std::move(header)) {}

    std::shared_ptr<const Snapshot> keys_;
    std::string domain_;
    std::string header_;
    dkim_check::BodyHash body_{dkim::Canonicalization::relaxed};
};

// Of the first address in the first From; A-labels. Empty where there is none.
std::string author_domain(std::string_view header);

}  // namespace heliopost::signing
