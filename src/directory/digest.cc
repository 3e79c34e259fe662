#include "directory/digest.h"

#include <algorithm>
#include <string>

#include "proto/sasl/scram.h"

namespace heliopost::directory {

Digest digest_of(std::string_view secret, std::string_view kind, std::string_view text) {
    const std::string mac =
        sasl::hmac(sasl::ScramHash::sha256, secret, std::string(kind) + '\0' + std::string(text));
    Digest digest{};
    std::copy_n(mac.begin(), digest.size(), digest.begin());
    return digest;
}

}  // namespace heliopost::directory
