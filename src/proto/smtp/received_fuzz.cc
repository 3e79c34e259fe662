#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "proto/smtp/received.h"

namespace {

using namespace heliopost;

// One field: CRLF only at its end or before the white space of a fold, and comments that close.
void check_field(std::string_view field) {
    if (!field.ends_with("\r\n")) std::abort();
    int depth = 0;
    for (size_t at = 0; at + 2 < field.size(); ++at) {
        const char c = field[at];
        if (c == '\r' && (field[at + 1] != '\n' || !is_space(field[at + 2]))) std::abort();
        if (c == '\n' && (at == 0 || field[at - 1] != '\r')) std::abort();
        if (c == '\0') std::abort();
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (depth < 0 || depth > 1) std::abort();
    }
    if (depth != 0) std::abort();
}

}  // namespace

// The first octet is the protocol; then what peers say of themselves, "|" between: no field but this one
// comes of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const auto words = split({reinterpret_cast<const char*>(data) + 1, size - 1}, '|');
    const auto word = [&](size_t i) { return std::string(i < words.size() ? words[i] : std::string_view()); };
    smtp::Trace trace;
    trace.protocol = {.lmtp = (data[0] & 1) != 0,
                      .extended = (data[0] & 2) != 0,
                      .tls = (data[0] & 4) != 0,
                      .authenticated = (data[0] & 8) != 0,
                      .smtputf8 = (data[0] & 16) != 0};
    trace.helo = word(0);
    trace.client_name = word(1);
    trace.client_address = word(2);
    // An address may have a quoted local part with parentheses: check_field() counts those of words only.
    trace.for_recipient = word(3).contains('"') ? "" : word(3);
    trace.tls_cipher = word(4);
    trace.tls_version = word(4);
    trace.by = "mx.a.example";
    trace.id = "1";
    trace.time = Time(std::chrono::seconds(data[0]));
    const std::string field = smtp::format_received(trace);
    check_field(field);
    if (!field.starts_with("Received:") || !field.contains(smtp::with_keyword(trace.protocol))) std::abort();
    if (const auto address = smtp::parse_address(word(3))) {
        const std::string path = smtp::format_return_path(*address);
        if (!path.ends_with(">\r\n") || path.find('\n') + 1 != path.size()) std::abort();
        if (!address->domain.starts_with('[')) {
            const auto ascii = smtp::normalise_domain(address->domain);
            if (ascii && !is_utf8(smtp::domain_for_display(*ascii))) std::abort();
        }
    }
    return 0;
}
