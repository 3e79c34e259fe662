#include "proto/smtp/line_scan.h"

#include "proto/smtp/line_blocks.h"

namespace heliopost::smtp {

void LineScanner::step(char octet) {
    if (octet == '\n') {
        if (!after_cr_) {
            defects_.bare_lf = true;
            ++line_octets_;
            return;
        }
        if (line_octets_ - 1 > message_line_octets_max) defects_.long_line = true;
        line_octets_ = 0;
        after_cr_ = false;
        return;
    }
    if (after_cr_) defects_.bare_cr = true;
    after_cr_ = octet == '\r';
    ++line_octets_;
}

void LineScanner::feed(std::string_view octets) {
    while (octets.size() >= block_octets) {
        const BlockMasks masks = scan_block(octets.data());
        if (masks.lf == ((masks.cr << 1) | static_cast<std::uint64_t>(after_cr_))) {
            if (count_block(masks.lf, line_octets_) > message_line_octets_max) defects_.long_line = true;
            after_cr_ = (masks.cr >> (block_octets - 1)) != 0;
        } else {
            for (const char octet : octets.substr(0, block_octets)) step(octet);
        }
        octets.remove_prefix(block_octets);
    }
    for (const char octet : octets) step(octet);
}

Defects LineScanner::finish() {
    if (after_cr_) defects_.bare_cr = true;
    if (line_octets_ > message_line_octets_max) defects_.long_line = true;
    return defects_;
}

}  // namespace heliopost::smtp
