#include "main/restored_name.h"

#include <algorithm>

#include "base/base64.h"
#include "crypto/sha256.h"
#include "mailbox/mailbox.h"
#include "proto/imap/limits.h"

namespace heliopost {
namespace {

constexpr std::size_t hash_digits = 8;

bool fits(std::string_view name) {
    const auto levels = static_cast<std::size_t>(std::ranges::count(name, '/')) + 1;
    return name.size() <= mailbox::name_octets_max && levels <= imap::mailbox_depth_max;
}

// At most so many octets of it, and whole characters.
std::string_view beginning(std::string_view utf8, std::size_t octets) {
    if (utf8.size() <= octets) return utf8;
    while (octets > 0 && (static_cast<unsigned char>(utf8[octets]) & 0xc0U) == 0x80U) --octets;
    return utf8.substr(0, octets);
}

}  // namespace

std::string restored_name(std::string_view date, std::string_view name) {
    const std::string below = "Restored/" + std::string(date) + "/";
    const std::string whole = below + std::string(name);
    if (fits(whole)) return whole;
    crypto::Sha256 hash;
    hash.add(name);
    const std::string mark = "~" + to_hex(hash.finish()).substr(0, hash_digits);
    std::string flat(name);
    std::ranges::replace(flat, '/', '_');
    return below + std::string(beginning(flat, imap::mailbox_part_octets_max - mark.size())) + mark;
}

}  // namespace heliopost
