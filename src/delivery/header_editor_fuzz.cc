#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "delivery/header_editor.h"
#include "proto/mime/header.h"

namespace {

using namespace heliopost;

// The message as it is stored, or nothing where it is refused.
std::optional<std::string> edited(std::string_view message, size_t step) {
    delivery::HeaderEditor editor({"Mon, 23 Nov 2026 08:15:30 +0000", "<1@a.example>"});
    std::string out;
    for (size_t at = 0; at < message.size(); at += step) {
        const auto piece = editor.feed(message.substr(at, step));
        if (!piece) return std::nullopt;
        out += *piece;
    }
    const auto rest = editor.finish();
    if (!rest) return std::nullopt;
    return out + *rest;
}

// SMTP refuses them (smtp::Defects), so the editor need not agree with itself about where such a header ends.
bool has_bare_line_end(std::string_view message) {
    for (size_t at = 0; at < message.size(); ++at) {
        if (message[at] == '\r' && message.substr(at, 2) != "\r\n") return true;
        if (message[at] == '\n' && (at == 0 || message[at - 1] != '\r')) return true;
    }
    return false;
}

}  // namespace

// Cut anywhere (the first octet says it) the same; Date and Message-ID are there, Bcc and Return-Path are
// not, and what is edited once stays as it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    if (size < 2) return 0;
    std::string message(reinterpret_cast<const char*>(data) + 1, size - 1);
    message += "\r\n";  // SMTP brings whole lines
    if (has_bare_line_end(message)) return 0;
    const auto whole = edited(message, message.size());
    if (edited(message, size_t{data[0]} + 1) != whole) std::abort();
    if (!whole) return 0;
    if (!mime::find_field(*whole, "Date") || !mime::find_field(*whole, "Message-ID")) std::abort();
    for (const char* name : {"Bcc", "Resent-Bcc", "Return-Path"})
        if (mime::find_field(*whole, name)) std::abort();
    if (edited(*whole, whole->size()) != *whole) std::abort();
    return 0;
}
