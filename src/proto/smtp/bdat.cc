#include "proto/smtp/bdat.h"

namespace heliopost::smtp {

void BdatDecoder::begin(const Bdat& chunk) {
    ASSERT(left_ == 0);
    ASSERT(!last_);
    left_ = chunk.size;
    last_ = chunk.last;
    ++chunks_;
    // Compared without adding, so that no announced size overflows.
    if (chunk.size > size_max_ - octets_) {
        too_large_ = true;
        octets_ = size_max_;
    } else {
        octets_ += chunk.size;
    }
}

Defects BdatDecoder::finish() {
    ASSERT(left_ == 0);
    ASSERT(last_);
    return scanner_.finish();
}

}  // namespace heliopost::smtp
