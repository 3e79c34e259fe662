#include "proto/results/received_spf.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "proto/results/quote.h"

namespace heliopost::results {
namespace {

// dot-atom, RFC 5322 §3.2.3
bool is_dot_atom(std::string_view text) {
    const auto in_atom = [](char c) {
        return is_alnum(c) || !is_ascii(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.").contains(c);
    };
    return !text.empty() && text.front() != '.' && text.back() != '.' && !text.contains("..") &&
           std::ranges::all_of(text, in_atom);
}

}  // namespace

// header-field = "Received-SPF:" [CFWS] result FWS [comment FWS] [ key-value-list ] CRLF
std::string write_received_spf(const ReceivedSpf& found) {
    std::string out = "Received-SPF: " + found.verdict;
    if (!found.reason.empty()) out += "\r\n\t" + comment_of(found.reason);
    const std::pair<std::string_view, const std::string*> pairs[] = {
        {"client-ip", &found.client},    {"envelope-from", &found.envelope_from},
        {"helo", &found.helo},           {"identity", &found.identity},
        {"mechanism", &found.mechanism}, {"receiver", &found.receiver}};
    bool first = true;
    for (const auto& [key, value] : pairs) {
        if (value->empty()) continue;
        const std::string octets = clean(*value);
        out += (std::exchange(first, false) ? "\r\n\t" : ";\r\n\t") + std::string(key) + '=' +
               (is_dot_atom(octets) ? octets : quoted(octets));
    }
    return out + "\r\n";
}

}  // namespace heliopost::results
