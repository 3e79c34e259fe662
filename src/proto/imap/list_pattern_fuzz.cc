#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "proto/imap/list_pattern.h"

namespace {

// The rule as a table over pattern and name: slow, but plain and bounded.
bool table_match(std::string_view pattern, std::string_view name) {
    std::vector<bool> reached(pattern.size() + 1);
    const auto skip = [&] {
        for (size_t p = 0; p < pattern.size(); ++p)
            if (reached[p] && (pattern[p] == '*' || pattern[p] == '%')) reached[p + 1] = true;
    };
    reached[0] = true;
    skip();
    for (const char c : name) {
        std::vector<bool> next(pattern.size() + 1);
        for (size_t p = 0; p < pattern.size(); ++p) {
            if (!reached[p]) continue;
            if (pattern[p] == '*' || (pattern[p] == '%' && c != '/'))
                next[p] = true;
            else if (pattern[p] == c && pattern[p] != '%')
                next[p + 1] = true;
        }
        reached = next;
        skip();
    }
    return reached[pattern.size()];
}

}  // namespace

// The first line is the pattern, the rest the name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return 0;
    const auto pattern = imap::ListPattern::compile(text.substr(0, end));
    if (!pattern) return 0;
    const auto name = text.substr(end + 1);
    if (pattern->matches(name) != table_match(text.substr(0, end), name)) std::abort();
    return 0;
}
