#include "store/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace heliopost::store {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // reflected

constexpr auto table = [] {
    std::array<std::uint32_t, 256> out{};
    for (std::uint32_t i = 0; i < out.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
        out[i] = value;
    }
    return out;
}();

std::uint32_t by_table(std::string_view octets, std::uint32_t crc) {
    for (const char c : octets) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_hardware(std::string_view octets, std::uint32_t crc) {
    std::uint64_t wide = crc;
    for (; octets.size() >= 8; octets.remove_prefix(8)) {
        std::uint64_t word = 0;
        std::memcpy(&word, octets.data(), 8);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = static_cast<std::uint32_t>(wide);
    for (const char c : octets) crc = _mm_crc32_u8(crc, static_cast<unsigned char>(c));
    return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view octets, std::uint32_t before) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~by_hardware(octets, ~before);
#endif
    return ~by_table(octets, ~before);
}

}  // namespace heliopost::store
