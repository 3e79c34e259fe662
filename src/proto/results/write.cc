#include "base/text.h"
#include "proto/results/quote.h"
#include "proto/results/results.h"

namespace heliopost::results {
namespace {

constexpr size_t line_octets = 76;  // RFC 5322 §2.1.1 wants less than 78

bool is_unquoted_octet(char c) {
    return !is_ascii(c) || is_alnum(c) || std::string_view("!#$%&'*+-.^_`{|}~").contains(c);
}

bool is_unquoted(std::string_view text) {
    for (const char c : text)
        if (!is_unquoted_octet(c)) return false;
    return !text.empty();
}

// value = token / quoted-string
std::string value_of(std::string_view text) {
    const std::string octets = clean(text);
    return is_unquoted(octets) ? octets : quoted(octets);
}

// pvalue: also local-part "@" domain-name, and "@" domain-name, without quotes where each is a token
std::string property_value(std::string_view text) {
    const std::string octets = clean(text);
    const size_t at = octets.rfind('@');
    if (at == std::string::npos || !is_unquoted(octets.substr(at + 1))) return value_of(octets);
    const std::string local = octets.substr(0, at);
    if (local.empty() || is_unquoted(local)) return octets;
    return quoted(local) + octets.substr(at);
}

std::vector<std::string> words_of(const Method& method) {
    std::vector<std::string> words{method.name + "=" + method.verdict};
    if (!method.comment.empty()) words.push_back(comment_of(method.comment));
    if (!method.reason.empty()) words.push_back("reason=" + quoted(clean(method.reason)));
    for (const Property& one : method.properties)
        words.push_back(one.type + "." + one.name + "=" + property_value(one.value));
    return words;
}

}  // namespace

std::string write_value(const Results& results) {
    std::string out = value_of(results.server) + ";";
    if (results.methods.empty()) return out + " none";
    for (size_t i = 0; i < results.methods.size(); ++i) {
        out += i == 0 ? "\r\n\t" : ";\r\n\t";
        size_t used = 8;
        bool first = true;
        for (const std::string& word : words_of(results.methods[i])) {
            const bool fold = !first && used + 1 + word.size() > line_octets;
            if (!first) out += fold ? "\r\n\t " : " ";
            used = (fold ? 9 : used + (first ? 0 : 1)) + word.size();
            out += word;
            first = false;
        }
    }
    return out;
}

std::string write_field(const Results& results) {
    return "Authentication-Results: " + write_value(results) + "\r\n";
}

}  // namespace heliopost::results
