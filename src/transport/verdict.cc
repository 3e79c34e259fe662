#include "transport/verdict.h"

#include <utility>

namespace heliopost::transport {
namespace {

// The lines in one, printable, bounded: a hostile reply of 64 KiB is kept for each of many recipients.
std::string text_of(const smtp::Reply& reply) {
    std::string text;
    for (const std::string& line : reply.lines) {
        if (line.empty()) continue;
        if (!text.empty()) text += ' ';
        text += line;
        if (text.size() >= queue::reply_text_octets_max) break;
    }
    if (text.size() > queue::reply_text_octets_max) text.resize(queue::reply_text_octets_max);
    for (char& c : text)
        if (c < ' ' || c > '~') c = '?';
    return text;
}

Fate fate_of(int code) {
    if (code >= 500) return Fate::permanent;
    return code >= 200 && code < 300 ? Fate::delivered : Fate::temporary;
}

}  // namespace

Verdict verdict_of(const smtp::Reply& reply) {
    return {
        .fate = fate_of(reply.code),
        .reply = {.code = reply.code, .enhanced = reply.enhanced, .text = text_of(reply), .remote_host = {}}};
}

Verdict refusal(const smtp::Reply& reply) {
    Verdict verdict = verdict_of(reply);
    if (verdict.fate == Fate::delivered) verdict.fate = Fate::temporary;
    return verdict;
}

Verdict temporary(smtp::EnhancedStatus status, std::string text) {
    return {.fate = Fate::temporary,
            .reply = {.code = 0, .enhanced = status, .text = std::move(text), .remote_host = {}}};
}

Verdict permanent(smtp::EnhancedStatus status, std::string text) {
    return {.fate = Fate::permanent,
            .reply = {.code = 0, .enhanced = status, .text = std::move(text), .remote_host = {}}};
}

smtp::EnhancedStatus status_of(const Verdict& verdict) {
    smtp::EnhancedStatus status = verdict.reply.enhanced;
    switch (verdict.fate) {
        case Fate::delivered:
            status.kind = 2;
            break;
        case Fate::permanent:
            status.kind = 5;
            break;
        case Fate::temporary:
            status.kind = 4;
            break;
    }
    return status;
}

}  // namespace heliopost::transport
