#include "proto/smtp/data.h"

#include <algorithm>

#include "proto/smtp/line_blocks.h"

namespace heliopost::smtp {

// How many octets at the front need nothing but counting: whole blocks without a dot at the start of a line
// and without a bare CR or LF. Moves at_ and line_octets_ over them.
size_t DataDecoder::skip_clean(std::string_view octets) {
    if (at_ == At::dot || at_ == At::dot_cr) return 0;
    std::uint64_t after_cr = at_ == At::cr ? 1 : 0;
    std::uint64_t line_start = at_ == At::line_start ? 1 : 0;
    size_t clean = 0;
    while (octets.size() - clean >= block_octets) {
        const BlockMasks masks = scan_block(octets.data() + clean);
        const std::uint64_t starts = (masks.lf << 1) | line_start;
        if (masks.lf != ((masks.cr << 1) | after_cr) || (masks.dot & starts) != 0) break;
        if (count_block(masks.lf, line_octets_) > message_line_octets_max) defects_.long_line = true;
        after_cr = masks.cr >> (block_octets - 1);
        line_start = masks.lf >> (block_octets - 1);
        clean += block_octets;
    }
    at_ = after_cr != 0 ? At::cr : line_start != 0 ? At::line_start : At::text;
    return clean;
}

// One octet of the decoded message.
void DataDecoder::count(char octet) {
    if (octet == '\n' && at_ == At::cr) {
        if (line_octets_ - 1 > message_line_octets_max) defects_.long_line = true;
        line_octets_ = 0;
        at_ = At::line_start;
        return;
    }
    ++line_octets_;
    if (octet == '\n') defects_.bare_lf = true;
    if (at_ == At::cr) defects_.bare_cr = true;
    at_ = octet == '\r' ? At::cr : At::text;
}

DataDecoder::Piece DataDecoder::next(std::string_view octets) {
    const Piece first = next_run(octets);
    if (first.consumed == octets.size() || done_ || first.octets.size() >= gather_octets) return first;
    const auto rest = octets.substr(0, std::max(first.consumed, std::min(octets.size(), gather_octets)));
    gathered_.assign(first.octets);
    size_t used = first.consumed;
    while (used < rest.size() && !done_) {
        const Piece run = next_run(rest.substr(used));
        gathered_ += run.octets;
        used += run.consumed;
    }
    return {gathered_, used};
}

// Up to the next dot that starts a line. Consumes nothing only when it gives octets.
DataDecoder::Piece DataDecoder::next_run(std::string_view octets) {
    size_t at = 0;
    // A CR behind a dot that started a line was held back, in case CRLF.CRLF was complete.
    if (!octets.empty() && !done_ && at_ == At::dot_cr) {
        if (octets[0] == '\n') {
            done_ = true;
            return {{}, 1};
        }
        at_ = At::text;
        count('\r');
        return {"\r", 0};
    }
    if (!octets.empty() && !done_ && at_ == At::dot) {
        if (octets[0] == '\r') {
            at_ = At::dot_cr;
            return {{}, 1};
        }
        at_ = At::text;  // the dot was stuffing: whatever comes now is text, also another dot
    }
    while (at < octets.size() && !done_) {
        at += skip_clean(octets.substr(at));
        const size_t slow_end = std::min(octets.size(), at + block_octets);
        for (; at < slow_end; ++at) {
            if (at_ == At::line_start && octets[at] == '.') {
                at_ = At::dot;
                return {octets.substr(0, at), at + 1};
            }
            count(octets[at]);
        }
    }
    return {octets.substr(0, at), at};
}

}  // namespace heliopost::smtp
