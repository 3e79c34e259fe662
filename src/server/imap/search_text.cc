#include "server/imap/search_text.h"

#include <string.h>  // memmem
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "base/text.h"
#include "proto/mime/charset.h"

namespace heliopost::imap_server {

namespace {

// Octets at the front that are ASCII, folded into out. By blocks, which the compiler makes vectors of.
std::size_t append_folded_ascii(std::string& out, std::string_view text) {
    constexpr std::size_t block = 64;
    const std::size_t begin = out.size();
    out.append(text);
    char* const to = out.data() + begin;
    std::size_t at = 0;
    for (; at + block <= text.size(); at += block) {
        unsigned char all = 0;
        for (std::size_t i = 0; i < block; ++i) all |= static_cast<unsigned char>(to[at + i]);
        if (all >= 0x80) break;
        for (std::size_t i = 0; i < block; ++i) to[at + i] = lower(to[at + i]);
    }
    for (; at < text.size() && is_ascii(to[at]); ++at) to[at] = lower(to[at]);
    out.resize(begin + at);
    return at;
}

// The first character, which is not ASCII; how many octets it has.
std::size_t append_folded_character(std::string& out, std::string_view text) {
    const auto* octets = reinterpret_cast<const std::uint8_t*>(text.data());
    const auto size = static_cast<std::int32_t>(std::min<std::size_t>(text.size(), U8_MAX_LENGTH));
    std::int32_t at = 0;
    UChar32 c = 0;
    U8_NEXT(octets, at, size, c);
    if (c < 0) {
        out.append(text.substr(0, static_cast<std::size_t>(at)));
        return static_cast<std::size_t>(at);
    }
    const auto fold = static_cast<std::uint32_t>(u_foldCase(c, U_FOLD_CASE_DEFAULT));
    std::uint8_t folded_octets[U8_MAX_LENGTH];
    std::int32_t count = 0;
    U8_APPEND_UNSAFE(folded_octets, count, fold);
    out.append(reinterpret_cast<const char*>(folded_octets), static_cast<std::size_t>(count));
    return static_cast<std::size_t>(at);
}

}  // namespace

void append_folded(std::string& out, std::string_view utf8) {
    // A run of ASCII is tried a slice at a time: it is copied before it is known how long it is.
    constexpr std::size_t try_octets = 256;
    while (!utf8.empty()) {
        utf8.remove_prefix(append_folded_ascii(out, utf8.substr(0, try_octets)));
        while (!utf8.empty() && !is_ascii(utf8.front()))
            utf8.remove_prefix(append_folded_character(out, utf8));
    }
}

std::string folded(std::string_view utf8) {
    std::string out;
    append_folded(out, utf8);
    return out;
}

bool contains(std::string_view text, std::string_view needle) {
    return memmem(text.data(), text.size(), needle.data(), needle.size()) != nullptr;
}

TextFinder::TextFinder(const std::vector<std::string>& texts, TextSet wanted)
    : texts_(texts), wanted_(wanted) {
    for (std::size_t i = 0; i < texts.size(); ++i)
        if ((wanted >> i & 1) != 0) kept_max_ = std::max(kept_max_, texts[i].size() - 1);
}

void TextFinder::feed(std::string_view utf8) {
    while (!utf8.empty() && !done()) {
        const auto slice = mime::utf8_prefix(utf8, search_slice_octets);
        feed_slice(slice.empty() ? utf8 : slice);
        utf8.remove_prefix(slice.empty() ? utf8.size() : slice.size());
    }
}

void TextFinder::feed_slice(std::string_view utf8) {
    append_folded(window_, utf8);
    for (std::size_t i = 0; i < texts_.size(); ++i) {
        const TextSet bit = TextSet{1} << i;
        if ((wanted_ & bit) == 0 || !contains(window_, texts_[i])) continue;
        found_ |= bit;
        wanted_ &= ~bit;
    }
    if (window_.size() > kept_max_) window_.erase(0, window_.size() - kept_max_);
}

}  // namespace heliopost::imap_server
