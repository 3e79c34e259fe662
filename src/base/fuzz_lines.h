// Mutations by lines, for fuzz targets whose inputs are texts of a protocol: a line is added from a grammar,
// dropped, said twice, moved, or has a word of another; now and then libFuzzer changes octets as it likes.
//
// So the inputs stay sequences of commands, and the seeds stay texts that a person can read. For x_fuzz.cc
// only:
//
//   extern "C" size_t LLVMFuzzerCustomMutator(std::uint8_t* data, size_t size, size_t size_max, unsigned
//   seed) {
//       return fuzz::mutate_lines(data, size, size_max, seed, a_line);
//   }
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

extern "C" size_t LLVMFuzzerMutate(std::uint8_t* data, size_t size, size_t size_max);

namespace heliopost::fuzz {

using Random = std::minstd_rand;

inline size_t below(Random& random, size_t count) {
    return random() % count;
}

inline std::string_view one_of(Random& random, std::span<const std::string_view> words) {
    return words[below(random, words.size())];
}

// A template with "`": each becomes one of the words, in which there may be more.
inline std::string fill(Random& random, std::string text, std::span<const std::string_view> words) {
    for (int filled = 0; filled < 20; ++filled) {
        const size_t at = text.find('`');
        if (at == std::string::npos) break;
        text.replace(at, 1, one_of(random, words));
    }
    return text;
}

using MakeLine = std::string (*)(Random&);

inline void change(std::vector<std::string>& lines, Random& random, MakeLine make) {
    const size_t at = below(random, lines.size());
    const auto place = lines.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(random, 6)) {
        case 0:
        case 1:
            lines.insert(place, make(random));
            break;
        case 2:
            if (lines.size() > 1) lines.erase(place);
            break;
        case 3:
            lines.insert(place, lines[below(random, lines.size())]);
            break;
        case 4:
            std::swap(*place, lines[below(random, lines.size())]);
            break;
        default: {
            const std::string other = make(random);
            const auto words = split(other, ' ');
            const size_t space = place->rfind(' ', below(random, place->size() + 1));
            const size_t begin = space == std::string::npos ? 0 : space + 1;
            const size_t end = std::min(place->find(' ', begin), place->size());
            place->replace(begin, end - begin, words[below(random, words.size())]);
        }
    }
}

// The first octet is the target's own and only ever changed as a number.
inline size_t mutate_lines(std::uint8_t* data, size_t size, size_t size_max, unsigned seed, MakeLine make) {
    Random random(seed + 1);
    if (size == 0 || below(random, 10) == 0) return LLVMFuzzerMutate(data, size, size_max);
    if (below(random, 10) == 0) data[0] = static_cast<std::uint8_t>(random());
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::vector<std::string> lines;
    for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
    const size_t times = 1 + below(random, 4);
    for (size_t i = 0; i < times; ++i) change(lines, random, make);
    std::string joined;
    for (const std::string& line : lines) joined += (joined.empty() ? "" : "\n") + line;
    const size_t taken = std::min(joined.size(), size_max - 1);
    std::copy_n(joined.begin(), taken, data + 1);
    return taken + 1;
}

}  // namespace heliopost::fuzz
