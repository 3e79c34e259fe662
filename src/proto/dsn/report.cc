#include "proto/dsn/report.h"

#include <algorithm>

#include "base/text.h"
#include "proto/dsn/original.h"
#include "proto/smtp/received.h"

namespace heliopost::dsn {
namespace {

constexpr std::string_view crlf = "\r\n";
constexpr size_t field_octets_max = 998;

std::string_view action_word(Action action) {
    switch (action) {
        case Action::failed:
            return "failed";
        case Action::delayed:
            return "delayed";
        case Action::relayed:
            return "relayed";
        case Action::delivered:
            return "delivered";
        case Action::expanded:
            break;
    }
    return "expanded";
}

smtp::EnhancedStatus status_of(const Recipient& recipient) {
    if (!recipient.status.none()) return recipient.status;
    switch (recipient.action) {
        case Action::failed:
            return {5, 0, 0};
        case Action::delayed:
            return {4, 0, 0};
        case Action::relayed:
        case Action::delivered:
        case Action::expanded:
            break;
    }
    return {2, 0, 0};
}

void add_field(std::string& out, std::string_view name, std::string_view value) {
    const std::string line = std::string(name) + ": " + clean_line(value, diagnostic_octets_max);
    out += fold(line);
    out += crlf;
}

bool is_ascii_report(const Report& report) {
    return std::ranges::all_of(report.recipients, [](const Recipient& one) {
        return one.final_recipient.ascii() &&
               (!one.original_recipient || is_ascii_text(one.original_recipient->address));
    });
}

std::string_view subject_of(const Report& report) {
    const auto has = [&](Action action) {
        return std::ranges::find(report.recipients, action, &Recipient::action) != report.recipients.end();
    };
    if (has(Action::failed)) return "Your message could not be delivered";
    if (has(Action::delayed)) return "Your message is delayed";
    return "Your message was delivered";
}

std::string_view explanation(Action action) {
    switch (action) {
        case Action::failed:
            return "Your message could not be delivered to:";
        case Action::delayed:
            return "Your message could not be delivered yet. It is tried again; you need not send it again. "
                   "It "
                   "waits for:";
        case Action::relayed:
            return "Your message was passed on to a system that may send no further notification, for:";
        case Action::delivered:
            return "Your message was delivered to:";
        case Action::expanded:
            break;
    }
    return "Your message was passed on to all members of:";
}

std::string why(const Recipient& recipient) {
    if (!recipient.reply) return recipient.reason;
    const std::string host = recipient.remote_mta.empty() ? "the remote server" : recipient.remote_mta;
    return host + " said: " + smtp::one_line(*recipient.reply);
}

// What a person reads. Only addresses and replies come from outside, and they are clean.
std::string human_text(const Report& report) {
    std::string out =
        "This is the mail system at " + clean_line(report.reporting_mta, field_octets_max) + ".\r\n";
    for (const Action action :
         {Action::failed, Action::delayed, Action::relayed, Action::delivered, Action::expanded}) {
        bool first = true;
        size_t shown = 0;
        for (const Recipient& one : report.recipients) {
            if (one.action != action || ++shown > recipients_max) continue;
            if (first) out += std::string(crlf) + fold(explanation(action), "") + "\r\n\r\n";
            first = false;
            out += "  <" + clean_line(to_string(one.final_recipient), field_octets_max) + ">\r\n";
            const std::string reason = squeeze(clean_line(why(one), diagnostic_octets_max));
            if (!reason.empty()) out += "    " + fold(reason, "    ") + "\r\n";
            if (one.will_retry_until)
                out += "    It is tried until " + smtp::format_date(*one.will_retry_until) + ".\r\n";
        }
        if (shown > recipients_max) out += "  and " + std::to_string(shown - recipients_max) + " more\r\n";
    }
    return out;
}

// per-message-fields: RFC 3464 §2.2
std::string message_fields(const Report& report) {
    std::string out;
    if (report.envelope_id) add_field(out, "Original-Envelope-Id", *report.envelope_id);
    add_field(out, "Reporting-MTA", "dns; " + report.reporting_mta);
    if (!report.queue_id.empty()) add_field(out, "X-Heliopost-Queue-Id", report.queue_id);
    add_field(out, "Arrival-Date", smtp::format_date(report.arrival));
    return out;
}

// per-recipient-fields: RFC 3464 §2.3
std::string recipient_fields(const Recipient& one) {
    std::string out(crlf);
    if (one.original_recipient)
        add_field(out, "Original-Recipient",
                  one.original_recipient->type + "; " + one.original_recipient->address);
    const std::string_view type = one.final_recipient.ascii() ? "rfc822; " : "utf-8; ";
    add_field(out, "Final-Recipient", std::string(type) + to_string(one.final_recipient));
    add_field(out, "Action", action_word(one.action));
    add_field(out, "Status", to_string(status_of(one)));
    if (!one.remote_mta.empty()) add_field(out, "Remote-MTA", "dns; " + one.remote_mta);
    if (one.reply) add_field(out, "Diagnostic-Code", squeeze("smtp; " + smtp::one_line(*one.reply)));
    if (one.last_attempt) add_field(out, "Last-Attempt-Date", smtp::format_date(*one.last_attempt));
    if (one.action == Action::delayed && one.will_retry_until)
        add_field(out, "Will-Retry-Until", smtp::format_date(*one.will_retry_until));
    return out;
}

std::string message_header(const Report& report) {
    std::string out;
    add_field(out, "From", report.from);
    add_field(out, "To", '<' + to_string(report.to) + '>');
    add_field(out, "Subject", subject_of(report));
    add_field(out, "Date", smtp::format_date(report.date));
    add_field(out, "Message-ID", '<' + report.message_id + '>');
    add_field(out, "Auto-Submitted", "auto-replied");  // RFC 3834 §5
    add_field(out, "MIME-Version", "1.0");
    out += "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"" + report.boundary +
           "\"\r\n";
    return out;
}

void add_part(std::string& out, const Report& report, std::string_view type, std::string_view body) {
    out += "\r\n--" + report.boundary + "\r\nContent-Type: ";
    out += type;
    out += crlf;
    if (!is_ascii_text(body)) out += "Content-Transfer-Encoding: 8bit\r\n";
    out += crlf;
    out += body;
}

}  // namespace

std::string compose(const Report& report) {
    const auto [header, cut] = original_header(report.original_message, report.summary);
    std::string text = human_text(report);
    if (cut) text += "\r\nOnly a part of your message's header is returned below.\r\n";
    std::string status = message_fields(report);
    for (size_t n = 0; n < std::min(report.recipients.size(), recipients_max); ++n)
        status += recipient_fields(report.recipients[n]);

    std::string out = message_header(report);
    add_part(out, report, is_ascii_text(text) ? "text/plain; charset=us-ascii" : "text/plain; charset=utf-8",
             text);
    add_part(out, report,
             is_ascii_report(report) ? "message/delivery-status" : "message/global-delivery-status", status);
    add_part(out, report, is_ascii_text(header) ? "text/rfc822-headers" : "message/global-headers", header);
    out += "\r\n--" + report.boundary + "--\r\n";
    return out;
}

}  // namespace heliopost::dsn
