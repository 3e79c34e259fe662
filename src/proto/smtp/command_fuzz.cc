#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/smtp/command.h"

using namespace heliopost::smtp;

// A refusal is a permanent error; MAIL and RCPT print to lines that parse to the same values.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(octets), size);
    const Extensions all{Extension::size, Extension::eight_bit_mime, Extension::smtputf8, Extension::auth,
                         Extension::dsn,  Extension::binary_mime};
    const auto got = parse_command(line, all);
    if (!got) {
        if (!got.error().permanent()) std::abort();
        return 0;
    }
    std::string printed;
    if (const auto* mail = std::get_if<Mail>(&got->argument)) printed = format_mail(*mail);
    if (const auto* rcpt = std::get_if<Rcpt>(&got->argument)) printed = format_rcpt(*rcpt);
    if (printed.empty()) return 0;
    printed.resize(printed.size() - 2);
    const auto again = parse_command(printed, all);
    if (!again) {
        // Encoding may pass a limit that the original just met.
        if (printed.size() <= 256) std::abort();
        return 0;
    }
    if (again->verb != got->verb) std::abort();
    if (const auto* mail = std::get_if<Mail>(&got->argument)) {
        const auto& same = std::get<Mail>(again->argument);
        if (same.reverse_path != mail->reverse_path || same.size != mail->size || same.body != mail->body ||
            same.smtputf8 != mail->smtputf8 || same.ret != mail->ret ||
            same.envelope_id != mail->envelope_id || same.auth != mail->auth)
            std::abort();
    } else {
        const auto& rcpt = std::get<Rcpt>(got->argument);
        const auto& same = std::get<Rcpt>(again->argument);
        if (same.forward_path != rcpt.forward_path || same.notify != rcpt.notify ||
            same.original_recipient != rcpt.original_recipient)
            std::abort();
    }
    return 0;
}
