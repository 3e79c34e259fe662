#include "directory/password.h"

#include <argon2.h>

#include <array>
#include <optional>

#include "base/assert.h"
#include "base/base64.h"
#include "base/cursor.h"
#include "base/text.h"

namespace heliopost::directory {
namespace {

// OWASP's least for argon2id; RFC 9106 §4 has the same shape with more memory.
constexpr std::uint32_t memory_kib = 19'456;
constexpr std::uint32_t passes = 2;
constexpr std::uint32_t lanes = 1;
constexpr std::size_t hash_octets = 32;
constexpr std::size_t encoded_octets_max = 128;

// What a hash of the store may cost to verify.
constexpr std::uint64_t memory_kib_max = 1024 * 1024;
constexpr std::uint64_t passes_max = 16;
constexpr std::uint64_t lanes_max = 16;
constexpr std::size_t stored_octets_max = 512;

std::optional<std::uint64_t> take_number(Cursor& in, std::string_view name) {
    if (!in.take_word(name)) return std::nullopt;
    return to_number(in.take_while(is_digit));
}

// "$argon2id$v=19$m=19456,t=2,p=1$..." within the limits above.
bool is_affordable(std::string_view hash) {
    if (hash.size() > stored_octets_max) return false;
    Cursor in(hash);
    if (!in.take_word("$argon2id$v=19$")) return false;
    const auto memory = take_number(in, "m=");
    const auto time = take_number(in, ",t=");
    const auto parallel = take_number(in, ",p=");
    return memory && *memory <= memory_kib_max && time && *time <= passes_max && parallel &&
           *parallel <= lanes_max && in.take('$');
}

// 16 bits as a word that can be said: consonant, vowel, consonant, vowel, consonant.
std::string word_of(unsigned bits) {
    constexpr std::string_view consonants = "bdfghjklmnprstvz";
    constexpr std::string_view vowels = "aiou";
    std::string word;
    for (const unsigned shift : {12U, 10U, 6U, 4U, 0U})
        word += shift == 10U || shift == 4U ? vowels[bits >> shift & 3U] : consonants[bits >> shift & 15U];
    return word;
}

}  // namespace

std::string hash_password(std::string_view password, std::string_view salt) {
    ASSERT(password.size() <= password_octets_max);
    ASSERT(salt.size() == 16);
    std::array<char, encoded_octets_max> encoded{};
    const int done =
        argon2id_hash_encoded(passes, memory_kib, lanes, password.data(), password.size(), salt.data(),
                              salt.size(), hash_octets, encoded.data(), encoded.size());
    if (done == ARGON2_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();
    ASSERT(done == ARGON2_OK);
    return encoded.data();
}

bool verify_password(std::string_view password, std::string_view hash) {
    if (password.size() > password_octets_max || !is_affordable(hash)) return false;
    const int done = argon2id_verify(std::string(hash).c_str(), password.data(), password.size());
    if (done == ARGON2_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();
    return done == ARGON2_OK;
}

// Salt and hash are octets of pi and no function's output: nobody knows a password for them.
std::string_view dummy_hash() {
    static const std::string hash = [] {
        const auto unpadded = [](std::string text) { return text.substr(0, text.find('=')); };
        const std::string pi = from_hex(
                                   "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89"
                                   "452821e638d01377be5466cf34e90c6c")
                                   .value_or("");
        return "$argon2id$v=19$m=" + std::to_string(memory_kib) + ",t=" + std::to_string(passes) +
               ",p=" + std::to_string(lanes) + "$" + unpadded(to_base64(pi.substr(0, 16))) + "$" +
               unpadded(to_base64(pi.substr(16, 32)));
    }();
    return hash;
}

std::string generate_password(std::string_view random) {
    ASSERT(random.size() >= 8);
    const auto number = [random](size_t at) {
        return static_cast<unsigned>(static_cast<unsigned char>(random[at])) << 8U |
               static_cast<unsigned char>(random[at + 1]);
    };
    std::string digits = std::to_string(number(6) % 10'000);
    digits.insert(0, 4 - digits.size(), '0');
    return word_of(number(0)) + "-" + word_of(number(2)) + "-" + word_of(number(4)) + "-" + digits;
}

}  // namespace heliopost::directory
