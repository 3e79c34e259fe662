// PublicSuffixes: below which names anybody may register, by the list of publicsuffix.org (libpsl).
//
// Names are A-labels in lower case without a final dot. Immutable, so any thread may ask.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct psl_ctx_st;

namespace heliopost::dmarc_check {

class PublicSuffixes {
public:
    // Debian's copy of the list, or the one within libpsl where that is newer. Reads a file: at the start
    // only.
    static PublicSuffixes load();

    // Also true of an unknown name of one label.
    bool is_public_suffix(std::string_view domain) const;

    // The suffix and one label more; empty where the domain is a suffix itself or no name. RFC 7489 §3.2
    std::string organisational_domain(std::string_view domain) const;

private:
    explicit PublicSuffixes(std::shared_ptr<const psl_ctx_st> list) : list_(std::move(list)) {}
    std::shared_ptr<const psl_ctx_st> list_;
};

}  // namespace heliopost::dmarc_check
