// Where CR, LF and dots are in 64 octets, as bit masks: what line_scan and data are made of. Internal.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace heliopost::smtp {

inline constexpr size_t block_octets = 64;

struct BlockMasks {
    std::uint64_t cr = 0;
    std::uint64_t lf = 0;
    std::uint64_t dot = 0;
};

// Reads 64 octets at `block`; bit n stands for octet n.
inline BlockMasks scan_block(const char* block) {
    BlockMasks masks;
#if defined(__SSE2__)
    const __m128i cr = _mm_set1_epi8('\r');
    const __m128i lf = _mm_set1_epi8('\n');
    const __m128i dot = _mm_set1_epi8('.');
    for (size_t lane = 0; lane < block_octets; lane += 16) {
        const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + lane));
        const auto bits = [&](const __m128i& wanted) {
            const auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(octets, wanted)));
            return static_cast<std::uint64_t>(mask) << lane;
        };
        masks.cr |= bits(cr);
        masks.lf |= bits(lf);
        masks.dot |= bits(dot);
    }
#else
    for (size_t n = 0; n < block_octets; ++n) {
        masks.cr |= static_cast<std::uint64_t>(block[n] == '\r') << n;
        masks.lf |= static_cast<std::uint64_t>(block[n] == '\n') << n;
        masks.dot |= static_cast<std::uint64_t>(block[n] == '.') << n;
    }
#endif
    return masks;
}

// Passes a block in which every LF follows a CR into the count of the current line's octets (a CR among
// them). Gives the length of the one line that may be too long: the first that ends here.
inline std::uint64_t count_block(std::uint64_t lf, std::uint64_t& line_octets) {
    if (lf == 0) {
        line_octets += block_octets;
        return 0;
    }
    const std::uint64_t first = line_octets + static_cast<unsigned>(__builtin_ctzll(lf)) - 1;
    line_octets = static_cast<unsigned>(__builtin_clzll(lf));
    return first;
}

}  // namespace heliopost::smtp
