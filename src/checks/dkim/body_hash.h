// The hash of a body in a canonical form, fed as the body comes. RFC 6376 §3.7.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/sha256.h"
#include "proto/dkim/canonical.h"

namespace heliopost::dkim_check {

class BodyHash final : dkim::BodySink {
public:
    // length: l=, only the first octets of the canonical body are hashed.
    explicit BodyHash(dkim::Canonicalization form, std::optional<std::uint64_t> length = std::nullopt)
        : form_(form), length_(length), canonicalizer_(form) {}

    void feed(std::string_view octets);
    const std::string& finish();  // 32 octets

    // After finish(): of the canonical body, whatever length says.
    std::uint64_t octets() const { return octets_; }
    bool is_for(dkim::Canonicalization form, std::optional<std::uint64_t> length) const {
        return form_ == form && length_ == length;
    }

private:
    void take(std::string_view octets) override;
    void add(std::string_view octets);
    void add_piece();

    dkim::Canonicalization form_;
    std::optional<std::uint64_t> length_;
    dkim::BodyCanonicalizer canonicalizer_;
    crypto::Sha256 hash_;
    std::uint64_t octets_ = 0;
    std::string piece_;  // of small ones, at most piece_octets
    std::string result_;
};

}  // namespace heliopost::dkim_check
