#include "proto/dkim/canonical.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace heliopost::dkim {
namespace {

// RFC 6376 §3.4.2
std::string relaxed_field(std::string_view name, std::string_view value) {
    std::string out = to_lower(trim(name)) + ':';
    const size_t begin = out.size();
    bool space = false;
    for (size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        if (c == '\r' && i + 1 < value.size() && value[i + 1] == '\n') {
            ++i;  // unfolded
        } else if (is_space(c)) {
            space = true;
        } else {
            if (std::exchange(space, false) && out.size() > begin) out += ' ';
            out += c;
        }
    }
    return out + "\r\n";
}

constexpr auto line_ends = [] {
    std::array<char, line_ends_octets> octets{};
    for (size_t i = 0; i < octets.size(); ++i) octets.at(i) = i % 2 == 0 ? '\r' : '\n';
    return octets;
}();

bool is_plain(char c) {
    return c != '\r' && c != ' ' && c != '\t';
}

using Octets = std::uint8_t __attribute__((vector_size(16)));
using Marks = std::int8_t __attribute__((vector_size(16)));  // -1 where it is so

Octets octets_at(const char* at) {
    Octets octets;
    std::memcpy(&octets, at, sizeof octets);
    return octets;
}

Marks marks_not_plain(Octets octets) {
    return (octets == '\r') | (octets == ' ') | (octets == '\t');
}

// How much from the first word on stands in the relaxed form as it is; sixteen octets at a time, each judged
// by itself and the two behind it: a text has a space every few octets, too many for a branch at each.
size_t relaxed_blocks(std::string_view octets) {
    size_t i = 0;
    for (; octets.size() - i >= sizeof(Octets) + 2; i += sizeof(Octets)) {
        const char* const at = octets.data() + i;
        const Octets here = octets_at(at), next = octets_at(at + 1), second = octets_at(at + 2);
        const Marks stays = (here == '\r') & (next == '\n') & ~marks_not_plain(second);
        const Marks word = (here == ' ') & ~marks_not_plain(next);
        if (__builtin_reduce_or(marks_not_plain(here) & ~stays & ~word) != 0) break;
    }
    return i;
}

// How much of it stands in the relaxed form as it is: words, single spaces and line ends between them. What
// comes before the first word, and a space or line end with no word behind it here, is not of it.
size_t relaxed_run(std::string_view octets) {
    const size_t size = octets.size();
    if (size == 0 || !is_plain(octets.front())) return 0;
    size_t i = relaxed_blocks(octets);
    while (i < size) {
        if (is_plain(octets[i]))
            ++i;
        else if (octets[i] == ' ' && i + 1 < size && is_plain(octets[i + 1]))
            i += 2;
        else if (octets[i] == '\r' && i + 2 < size && octets[i + 1] == '\n' && is_plain(octets[i + 2]))
            i += 3;
        else
            break;
    }
    return i;
}

}  // namespace

std::string canonical_field(Canonicalization how, std::string_view block, const mime::Field& field) {
    if (how == Canonicalization::relaxed) return relaxed_field(field.name, field.value);
    std::string text(block.substr(field.begin, field.end - field.begin));
    if (!text.ends_with("\r\n")) text += "\r\n";
    return text;
}

std::string canonical_field(Canonicalization how, std::string_view text) {
    const size_t colon = std::min(text.find(':'), text.size());
    std::string_view value = text.substr(std::min(colon + 1, text.size()));
    if (value.ends_with('\n')) value.remove_suffix(value.ends_with("\r\n") ? 2 : 1);
    return canonical_field(how, text, {text.substr(0, colon), value, 0, text.size()});
}

// Whoever holds back millions of line ends must not get them back as one text.
void BodyCanonicalizer::flush(BodySink& out) {
    any_ = true;
    while (lines_ > 0) {
        const std::uint64_t now = std::min<std::uint64_t>(lines_, line_ends_octets / 2);
        out.take(std::string_view(line_ends.data(), 2 * now));
        lines_ -= now;
    }
    if (std::exchange(space_, false)) out.take(" ");
}

void BodyCanonicalizer::feed_octet(char octet, BodySink& out) {
    if (std::exchange(return_seen_, false)) {
        if (octet == '\n') {
            space_ = false;
            ++lines_;
            return;
        }
        flush(out);
        out.take("\r");
    }
    if (octet == '\r') {
        return_seen_ = true;
    } else if (how_ == Canonicalization::relaxed && is_space(octet)) {
        space_ = true;
    } else {
        flush(out);
        out.take({&octet, 1});
    }
}

void BodyCanonicalizer::feed(std::string_view octets, BodySink& out) {
    while (!octets.empty()) {
        // A run that needs no thought is taken as a whole.
        size_t run = 0;
        if (!return_seen_)
            run = how_ == Canonicalization::simple ? std::min(octets.find('\r'), octets.size())
                                                   : relaxed_run(octets);
        if (run == 0) {
            feed_octet(octets.front(), out);
            octets.remove_prefix(1);
            continue;
        }
        flush(out);
        out.take(octets.substr(0, run));
        octets.remove_prefix(run);
    }
}

void BodyCanonicalizer::finish(BodySink& out) {
    if (std::exchange(return_seen_, false)) {
        flush(out);
        out.take("\r");
    }
    // §3.4.3: an empty body is a line end; §3.4.4: it is nothing.
    if (any_ || how_ == Canonicalization::simple) out.take("\r\n");
}

}  // namespace heliopost::dkim
