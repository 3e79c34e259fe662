#include "signing/forward_sealer.h"

#include <algorithm>

#include "checks/arc/seal.h"

namespace heliopost::signing {

std::optional<ForwardSealer> ForwardSealer::begin(const Keys& keys, const std::string& domain) {
    auto snapshot = keys.snapshot();
    const KeyInUse* key = snapshot->sealing(domain);
    if (key == nullptr) return std::nullopt;
    return ForwardSealer(std::move(snapshot), key);
}

void ForwardSealer::feed(std::string_view stored) {
    if (too_long_) return;
    if (in_body_) return body_.feed(stored);
    const std::size_t searched = header_.size() - std::min<std::size_t>(header_.size(), 3);
    header_ += stored;
    std::size_t end = header_.find("\r\n\r\n", searched);
    if (header_.starts_with("\r\n"))
        end = 2;
    else if (end != std::string::npos)
        end += 4;
    if (end == std::string::npos || end > signed_header_max) {
        too_long_ = header_.size() > signed_header_max;
        if (too_long_) header_ = {};
        return;
    }
    in_body_ = true;
    body_.feed(std::string_view(header_).substr(end));
    header_.resize(end);
}

std::string ForwardSealer::finish(arc::Chain chain, std::string_view results, Time now) {
    if (too_long_) return {};
    arc_check::Sealer sealer;
    sealer.domain = key_->row.domain;
    sealer.selector = key_->row.selector;
    sealer.key = key_->opened.get();
    if (dkim_check::over_signed(sealer.fields, header_).size() > signed_names_max) return {};
    return arc_check::seal(sealer, header_, body_.finish(), chain, results, now).value_or(std::string());
}

}  // namespace heliopost::signing
