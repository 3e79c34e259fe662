// The chunks of BDAT: how many octets are still to come, and the checks that go over their borders.
//
//   BdatDecoder chunks(size_max);
//   chunks.begin(bdat); while (!chunks.chunk_done()) used = chunks.feed(octets, sink);
//   after the chunk with LAST: chunks.finish()
//
// Octets are taken also when the message is refused already: the stream stays in step. Past size_max the
// sink gets no more. RFC 3030 §2; a bare CR or LF is refused as after DATA (line_scan.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "proto/smtp/command.h"
#include "proto/smtp/line_scan.h"

namespace heliopost::smtp {

class BdatDecoder {
public:
    explicit BdatDecoder(std::uint64_t size_max) : size_max_(size_max) {}

    void begin(const Bdat& chunk);

    // How many octets belonged to the chunk; the rest is the next command.
    template <class Sink>
    size_t feed(std::string_view octets, Sink&& sink) {
        const auto piece = octets.substr(0, std::min<std::uint64_t>(left_, octets.size()));
        left_ -= piece.size();
        if (too_large_ || piece.empty()) return piece.size();
        scanner_.feed(piece);
        sink(piece);
        return piece.size();
    }

    bool chunk_done() const { return left_ == 0; }
    bool last() const { return last_; }
    bool too_large() const { return too_large_; }     // 552 5.3.4
    std::uint64_t octets() const { return octets_; }  // announced so far, saturated at the limit
    std::uint64_t chunks() const { return chunks_; }

    Defects finish();  // once the last chunk is done

private:
    std::uint64_t size_max_;
    std::uint64_t left_ = 0;
    std::uint64_t octets_ = 0;
    std::uint64_t chunks_ = 0;
    bool last_ = false;
    bool too_large_ = false;
    LineScanner scanner_;
};

}  // namespace heliopost::smtp
