#include "proto/smtp/ehlo.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace heliopost::smtp {
namespace {

constexpr size_t mechanisms_max = 32;  // of a hostile server; IANA lists about as many

struct Keyword {
    std::string_view text;
    Extension extension;
};

// In the order in which we announce them.
constexpr auto keywords = std::to_array<Keyword>({
    {"PIPELINING", Extension::pipelining},
    {"SIZE", Extension::size},
    {"8BITMIME", Extension::eight_bit_mime},
    {"SMTPUTF8", Extension::smtputf8},
    {"ENHANCEDSTATUSCODES", Extension::enhanced_status_codes},
    {"CHUNKING", Extension::chunking},
    {"BINARYMIME", Extension::binary_mime},
    {"DSN", Extension::dsn},
    {"REQUIRETLS", Extension::require_tls},
    {"STARTTLS", Extension::starttls},
    {"AUTH", Extension::auth},
});

void take_mechanisms(std::string_view text, std::vector<std::string>& out) {
    for (const auto word : split(text, ' ')) {
        const std::string name = to_upper(trim(word));
        if (out.size() >= mechanisms_max) return;
        if (!name.empty() && std::ranges::find(out, name) == out.end()) out.push_back(name);
    }
}

// ehlo-line = ehlo-keyword *( SP ehlo-param )
void take_line(std::string_view line, Capabilities& out) {
    const size_t space = line.find(' ');
    std::string_view word = line.substr(0, space);
    std::string_view parameters =
        space == std::string_view::npos ? std::string_view() : trim(line.substr(space));
    if (starts_with_ignoring_case(word, "AUTH=")) {  // the form before RFC 2554, still sent beside the other
        take_mechanisms(word.substr(5), out.auth);
        word = "AUTH";
    }
    for (const Keyword& keyword : keywords) {
        if (!same_ignoring_case(word, keyword.text)) continue;
        out.extensions.add(keyword.extension);
        if (keyword.extension == Extension::size) out.size_max = to_number(parameters).value_or(0);
        if (keyword.extension == Extension::auth) take_mechanisms(parameters, out.auth);
        return;
    }
    out.others.emplace_back(line);
}

}  // namespace

Reply ehlo_reply(const Capabilities& capabilities) {
    Reply reply(250, capabilities.domain);
    for (const Keyword& keyword : keywords) {
        if (!capabilities.extensions.has(keyword.extension)) continue;
        std::string line(keyword.text);
        if (keyword.extension == Extension::size && capabilities.size_max != 0)
            line += ' ' + std::to_string(capabilities.size_max);
        if (keyword.extension == Extension::auth)
            for (const auto& mechanism : capabilities.auth) line += ' ' + mechanism;
        reply.lines.push_back(std::move(line));
    }
    reply.lines.insert(reply.lines.end(), capabilities.others.begin(), capabilities.others.end());
    return reply;
}

Capabilities parse_ehlo_reply(const Reply& reply) {
    Capabilities out;
    if (reply.lines.empty()) return out;
    const std::string_view greeting = reply.lines.front();
    out.domain = greeting.substr(0, greeting.find(' '));
    for (size_t n = 1; n < reply.lines.size(); ++n) take_line(trim(reply.lines[n]), out);
    return out;
}

}  // namespace heliopost::smtp
