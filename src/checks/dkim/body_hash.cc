#include "checks/dkim/body_hash.h"

#include <algorithm>

namespace heliopost::dkim_check {
namespace {

// So that a piece stays in the cache between its two passes.
constexpr size_t slice_octets = 16 * 1024;

}  // namespace

void BodyHash::add() {
    std::string_view hashed = piece_;
    if (length_) hashed = hashed.substr(0, *length_ > octets_ ? *length_ - octets_ : 0);
    octets_ += piece_.size();
    hash_.add(hashed);
    piece_.clear();
}

void BodyHash::feed(std::string_view octets) {
    while (!octets.empty()) {
        canonicalizer_.feed(octets.substr(0, slice_octets), piece_);
        octets.remove_prefix(std::min(octets.size(), slice_octets));
        add();
    }
}

const std::string& BodyHash::finish() {
    if (!result_.empty()) return result_;
    canonicalizer_.finish(piece_);
    add();
    result_ = hash_.finish();
    return result_;
}

}  // namespace heliopost::dkim_check
