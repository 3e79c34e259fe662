#include "proto/smtp/received.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <vector>

#include "base/text.h"

namespace heliopost::smtp {
namespace {

constexpr size_t word_octets_max = 512;               // of a peer: longer is cut
constexpr size_t fold_octets_at = 78;                 // RFC 5322 §2.1.1
constexpr std::string_view hidden = "()<>\\\"[]:;,";  // what could end a word, a comment or a field

// A word that a peer chose: what is not graphic, or would leave its place, becomes "?". An address literal
// keeps its brackets.
std::string safe(std::string_view text) {
    if (is_address_literal(text)) return std::string(text);
    std::string out(text.substr(0, word_octets_max));
    const bool utf8 = is_utf8(out);
    for (char& c : out)
        if ((is_ascii(c) ? c <= ' ' || c == '\x7f' || hidden.contains(c) : !utf8)) c = '?';
    return out;
}

std::string literal(std::string_view address) {
    const bool v6 = address.contains(':');
    const std::string text = (v6 ? "[IPv6:" : "[") + std::string(address) + ']';
    return is_address_literal(text) ? text : "[" + safe(address) + "]";
}

// From-domain = "FROM" FWS Extended-Domain
std::string from_clause(const Trace& trace) {
    if (trace.helo.empty() && trace.client_address.empty()) return {};
    std::string out = "from " + (trace.helo.empty() ? std::string("unknown") : safe(trace.helo));
    if (trace.client_address.empty()) return out;
    out += " (";
    if (!trace.client_name.empty()) out += safe(trace.client_name) + ' ';
    return out + literal(trace.client_address) + ')';
}

// Clauses, folded so that no line is longer than it must be.
class Folder {
public:
    explicit Folder(std::string start) : text_(std::move(start)), line_octets_(text_.size()) {}
    void add(std::string_view clause) {
        if (clause.empty()) return;
        if (line_octets_ + 1 + clause.size() > fold_octets_at) {
            text_ += "\r\n\t";
            line_octets_ = 8;
        } else {
            text_ += ' ';
            ++line_octets_;
        }
        text_ += clause;
        line_octets_ += clause.size();
    }
    std::string take() { return std::move(text_) + "\r\n"; }

private:
    std::string text_;
    size_t line_octets_;
};

}  // namespace

// RFC 3848 §2; UTF8SMTP and UTF8LMTP with the same letters behind: RFC 6531 §4.3
std::string with_keyword(const Protocol& protocol) {
    std::string out = protocol.lmtp ? "LMTP" : protocol.extended ? "ESMTP" : "SMTP";
    if (protocol.smtputf8) out = protocol.lmtp ? "UTF8LMTP" : "UTF8SMTP";
    if (!protocol.lmtp && !protocol.extended) return out;
    if (protocol.tls) out += 'S';
    if (protocol.authenticated) out += 'A';
    return out;
}

std::string format_date(Time time) {
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    const auto day = std::chrono::floor<std::chrono::days>(second);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(second - day);
    static constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} +0000",
                       days[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                       months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

// Time-stamp-line = "Received:" FWS Stamp: RFC 5321 §4.4
std::string format_received(const Trace& trace) {
    Folder out("Received:");
    out.add(from_clause(trace));
    out.add("by " + safe(trace.by));
    out.add("with " + with_keyword(trace.protocol));
    std::vector<std::string> clauses{"id " + safe(trace.id)};
    if (!trace.for_recipient.empty()) {
        const auto address = parse_address(trace.for_recipient);
        clauses.push_back("for <" + (address ? to_string(*address) : safe(trace.for_recipient)) + '>');
    }
    // tls-cipher-clause: RFC 8314 §4.3
    if (!trace.tls_cipher.empty())
        clauses.push_back("tls " + safe(trace.tls_cipher) +
                          (trace.tls_version.empty() ? "" : " (" + safe(trace.tls_version) + ')'));
    clauses.back() += ';';
    for (const auto& clause : clauses) out.add(clause);
    out.add(format_date(trace.time));
    return out.take();
}

std::string format_return_path(const Address& reverse_path) {
    return "Return-Path: <" + to_string(reverse_path) + ">\r\n";
}

}  // namespace heliopost::smtp
