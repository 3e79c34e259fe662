// Delivery status notifications: what a sender is told of a message that failed, waits or was relayed.
//
//   std::string message = dsn::compose(report);   // a whole message, with CRLFs
//
// Whether one is due (NOTIFY, the null reverse-path) and its own reverse-path, "<>", are the caller's. Only
// the header of the original is returned, bounded: whole lines up to a limit, and the text for people says
// where that is not all. With an address or a header beyond ASCII it becomes the internationalised form (RFC
// 6533): message/global-delivery-status, message/global-headers.
//
// RFC 3461 §6, RFC 3462 / RFC 6522 (multipart/report), RFC 3464 (fields), RFC 3834 (Auto-Submitted).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "proto/smtp/address.h"
#include "proto/smtp/command.h"
#include "proto/smtp/reply.h"

namespace heliopost::dsn {

inline constexpr size_t original_header_octets_max = 16 * 1024;  // of the original's header, returned
inline constexpr size_t summary_field_octets_max = 1'024;        // of a field of a summary
inline constexpr size_t recipients_max = 1'000;                  // the rest is counted in the text
inline constexpr size_t diagnostic_octets_max = 4 * 1024;

enum class Action : std::uint8_t { failed, delayed, relayed, delivered, expanded };  // RFC 3464 §2.3.3

struct Recipient {
    smtp::Address final_recipient;
    std::optional<smtp::OriginalRecipient> original_recipient;  // ORCPT
    Action action = Action::failed;
    smtp::EnhancedStatus status;       // none: 5.0.0, 4.0.0 or 2.0.0 by the action
    std::string remote_mta;            // "mx.b.example", or empty
    std::optional<smtp::Reply> reply;  // what it said: Diagnostic-Code
    std::string reason;                // without a reply: one line for people
    std::optional<Time> last_attempt;
    std::optional<Time> will_retry_until;  // delayed only
};

struct Report {
    std::string reporting_mta;  // our name
    std::string from;           // "Mail Delivery System <postmaster@a.example>": written as it is
    smtp::Address to;           // the original reverse-path
    std::string message_id;     // without brackets
    std::string boundary;       // unique, from the caller's randomness: at most 70 of bcharsnospace
    Time date;
    Time arrival;
    std::optional<std::string> envelope_id;  // ENVID, decoded
    std::string queue_id;
    std::string original_message;  // its front at least: the header is cut out of it
    bool summary = false;          // of that only From, To, Subject, Date and Message-ID
    std::vector<Recipient> recipients;
};

std::string compose(const Report& report);

}  // namespace heliopost::dsn
