#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "proto/dsn/report.h"

// Whatever peers and senders put in, it is UTF-8 in CRLF lines, and no part ends early. The first octet says
// what became of the second recipient.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    if (size == 0) return 0;
    const std::string text(reinterpret_cast<const char*>(octets) + 1, size - 1);
    dsn::Report report;
    report.reporting_mta = "mx.a.example";
    report.from = "postmaster@a.example";
    report.to = {"ann", "a.example"};
    report.message_id = "1@mx.a.example";
    report.boundary = "0123456789abcdef";
    report.envelope_id = text;
    report.original_message = text;
    report.summary = octets[0] % 8 > 3;
    dsn::Recipient one;
    one.final_recipient = {"bob", "b.example"};
    one.original_recipient = {"rfc822", text};
    one.remote_mta = text.substr(0, 100);
    one.reply = smtp::Reply(550, {}, text);
    report.recipients.push_back(one);
    one.reply.reset();
    one.reason = text;
    one.action = static_cast<dsn::Action>(octets[0] % 5);
    one.status = {static_cast<std::uint16_t>(octets[0] % 2 * 2), 1, 1};
    one.last_attempt = one.will_retry_until = Time();
    if (octets[0] % 4 == 3) {
        one.final_recipient = {text.substr(0, 10), "b\u00fccher.example"};
        report.recipients.clear();
        report.queue_id = text;
    }
    report.recipients.push_back(one);
    if (octets[0] == 'm' && size < 100) report.recipients.resize(dsn::recipients_max + 1, one);
    const std::string out = dsn::compose(report);
    if (text.contains(report.boundary)) return 0;
    if (!is_utf8(out)) std::abort();
    size_t parts = 0;
    for (size_t at = out.find("\r\n--" + report.boundary); at != std::string::npos;
         at = out.find("\r\n--" + report.boundary, at + 1))
        ++parts;
    if (parts != 4) std::abort();
    for (size_t at = 0; at < out.size(); ++at) {
        if (out[at] == '\r' && (at + 1 == out.size() || out[at + 1] != '\n')) std::abort();
        if (out[at] == '\n' && (at == 0 || out[at - 1] != '\r')) std::abort();
        const size_t word = out[at] == '\n' ? out.find_first_not_of(" \t", at + 1) : at;
        if (word > at + 1 && word < out.size() && out[word] == '\r') std::abort();  // a line of blanks alone
    }
    return 0;
}
