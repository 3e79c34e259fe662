#include "signing/zone_line.h"

#include <algorithm>
#include <string_view>

#include "base/base64.h"

namespace heliopost::signing {
namespace {

constexpr std::size_t string_octets_max = 255;  // RFC 1035 §3.3

}  // namespace

std::string record_name(const directory::DkimKey& key) {
    return key.selector + "._domainkey." + key.domain;
}

std::string record_text(const directory::DkimKey& key) {
    const bool rsa = key.algorithm == directory::DkimKey::Algorithm::rsa2048;
    return std::string("v=DKIM1; k=") + (rsa ? "rsa" : "ed25519") + "; p=" + to_base64(key.public_key);
}

std::string zone_line(const directory::DkimKey& key) {
    const std::string text = record_text(key);
    std::string line = record_name(key) + ". IN TXT";
    if (text.size() > string_octets_max) line += " (";
    for (std::string_view rest = text; !rest.empty();
         rest.remove_prefix(std::min(rest.size(), string_octets_max)))
        line += " \"" + std::string(rest.substr(0, string_octets_max)) + '"';
    return text.size() > string_octets_max ? line + " )" : line;
}

}  // namespace heliopost::signing
