#include <string>
#include <string_view>

#include "base/cursor.h"
#include "base/text.h"
#include "proto/mime/cfws.h"
#include "proto/mime/envelope.h"

namespace heliopost::mime {
namespace {

// White space run together: RFC 5256 §2.1 (1)
std::string one_space(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (!is_white(c))
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    return out;
}

// subj-blob = "[" *BLOBCHAR "]" *WSP
size_t blob_octets(std::string_view text) {
    if (!text.starts_with('[')) return 0;
    const size_t end = text.find_first_of("[]", 1);
    if (end == std::string_view::npos || text[end] != ']') return 0;
    const size_t after = text.find_first_not_of(' ', end + 1);
    return after == std::string_view::npos ? text.size() : after;
}

// subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
size_t refwd_octets(std::string_view text) {
    Cursor in(text);
    if (!in.take_word("re") && !in.take_word("fwd") && !in.take_word("fw")) return 0;
    in.take_while(is_space);
    in.skip(blob_octets(in.rest()));
    return in.take(':') ? in.offset() : 0;
}

// subj-leader = (*subj-blob subj-refwd) / WSP. Blobs are only looked over once: a subject of 10,000 "[a]"
// stays linear, because each round that does not end in a refwd ends the search.
bool take_leader(std::string_view& text) {
    if (text.starts_with(' ')) {
        text.remove_prefix(1);
        return true;
    }
    auto rest = text;
    while (const size_t blob = blob_octets(rest)) rest.remove_prefix(blob);
    const size_t refwd = refwd_octets(rest);
    if (refwd == 0) return false;
    text = rest.substr(refwd);
    return true;
}

// subj-trailer = "(fwd)" / WSP
bool take_trailer(std::string_view& text) {
    const size_t octets = text.ends_with(' ') ? 1 : 5;
    if (octets == 5 && (text.size() < 5 || !same_ignoring_case(text.substr(text.size() - 5), "(fwd)")))
        return false;
    text.remove_suffix(octets);
    return true;
}

}  // namespace

std::string base_subject(std::string_view subject) {
    const std::string joined = one_space(subject);
    std::string_view text = joined;
    for (bool again = true; again;) {
        again = false;
        while (!text.empty() && take_trailer(text)) again = true;
        while (!text.empty() && take_leader(text)) again = true;
        // (4): a blob goes if something is left without it.
        while (const size_t blob = blob_octets(text)) {
            if (blob == text.size()) break;
            text.remove_prefix(blob);
            again = true;
        }
        // (6): [fwd: ... ]
        if (starts_with_ignoring_case(text, "[fwd:") && text.ends_with(']')) {
            text = text.substr(5, text.size() - 6);
            again = true;
        }
    }
    return std::string(text);
}

}  // namespace heliopost::mime
