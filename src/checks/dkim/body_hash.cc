#include "checks/dkim/body_hash.h"

#include <algorithm>

namespace heliopost::dkim_check {
namespace {

constexpr size_t slice_octets = size_t{16} << 10;  // stays in the cache between its two passes
constexpr size_t piece_octets = 4096;
constexpr size_t copied_octets = 512;  // up to here a copy costs less than a call of the hash

}  // namespace

void BodyHash::add(std::string_view octets) {
    if (length_) {
        const std::uint64_t left = *length_ > octets_ ? *length_ - octets_ : 0;
        hash_.add(octets.substr(0, left));
    } else {
        hash_.add(octets);
    }
    octets_ += octets.size();
}

void BodyHash::add_piece() {
    add(piece_);
    piece_.clear();
}

void BodyHash::take(std::string_view octets) {
    const bool is_large = octets.size() > copied_octets;
    if (is_large || piece_.size() + octets.size() > piece_octets) add_piece();
    if (is_large)
        add(octets);
    else
        piece_ += octets;
}

void BodyHash::feed(std::string_view octets) {
    while (!octets.empty()) {
        canonicalizer_.feed(octets.substr(0, slice_octets), *this);
        octets.remove_prefix(std::min(octets.size(), slice_octets));
    }
}

const std::string& BodyHash::finish() {
    if (!result_.empty()) return result_;
    canonicalizer_.finish(*this);
    add_piece();
    result_ = hash_.finish();
    return result_;
}

}  // namespace heliopost::dkim_check
