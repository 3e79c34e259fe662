#include "checks/dmarc/public_suffixes.h"

#include <libpsl.h>

#include "base/assert.h"

namespace heliopost::dmarc_check {

PublicSuffixes PublicSuffixes::load() {
    std::shared_ptr<psl_ctx_t> list(psl_latest(psl_dist_filename()), [](psl_ctx_t* one) { psl_free(one); });
    ASSERT(list != nullptr);
    return PublicSuffixes(std::move(list));
}

bool PublicSuffixes::is_public_suffix(std::string_view domain) const {
    return psl_is_public_suffix(list_.get(), std::string(domain).c_str()) != 0;
}

std::string PublicSuffixes::organisational_domain(std::string_view domain) const {
    if (domain.empty() || domain.starts_with('.')) return {};
    const std::string name(domain);
    const char* found = psl_registrable_domain(list_.get(), name.c_str());  // points into name
    return found == nullptr ? std::string() : std::string(found);
}

}  // namespace heliopost::dmarc_check
