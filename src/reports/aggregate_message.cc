#include "reports/aggregate_message.h"

#include "base/base64.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "proto/dmarc/record.h"
#include "proto/smtp/received.h"

namespace heliopost::reports {
namespace {

constexpr std::size_t id_octets = 8;
constexpr std::size_t line_octets = 76;  // RFC 2045 §6.8

std::string alignment(dmarc::Alignment mode) {
    return mode == dmarc::Alignment::strict ? "s" : "r";
}

std::string options_of(const dmarc::FailureOptions& options) {
    std::string out;
    const auto add = [&](bool set, std::string_view option) {
        if (set) out += (out.empty() ? "" : ":") + std::string(option);
    };
    add(options.all_failed, "0");
    add(options.any_failed, "1");
    add(options.dkim, "d");
    add(options.spf, "s");
    return out;
}

// RFC 9990 §3.1.1.5; the record's text was parsed when it was counted.
feedback::PolicyPublished published(const std::string& domain, const std::string& text) {
    feedback::PolicyPublished out;
    out.domain = domain;
    out.discovery_method = "treewalk";
    const auto record = dmarc::parse_record(text);
    if (!record) return out;
    out.p = name_of(record->policy);
    if (const auto& below = record->subdomains) out.sp = name_of(*below);
    if (const auto& missing = record->missing_subdomains) out.np = name_of(*missing);
    out.adkim = alignment(record->dkim);
    out.aspf = alignment(record->spf);
    out.fo = options_of(record->failures);
    out.testing = record->testing ? "y" : "n";
    if (record->percent != 100) out.percent = std::to_string(record->percent);
    return out;
}

// phrase, RFC 5322 §3.2.5; RFC 2047 where it is not ASCII.
std::string phrase(const std::string& name) {
    if (!is_ascii_text(name)) return "=?utf-8?B?" + to_base64(name) + "?=";
    std::string out = "\"";
    for (const char c : name) {
        if (c < ' ') continue;
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

// The id's part that stands in front of the @.
std::string_view local_id(const feedback::Aggregate& report) {
    return std::string_view(report.report_id).substr(0, report.report_id.find('@'));
}

std::string in_lines(std::string_view octets) {
    const std::string text = to_base64(octets);
    std::string out;
    out.reserve(text.size() + text.size() / line_octets * 2 + 2);
    for (std::size_t at = 0; at < text.size(); at += line_octets)
        out += text.substr(at, line_octets) + "\r\n";
    return out;
}

}  // namespace

feedback::Aggregate make_aggregate(const Reporter& by, const PeriodId& id, const Period& period,
                                   std::vector<feedback::Row> rows, std::int64_t end) {
    feedback::Aggregate out;
    out.version = "1.0";
    out.org_name = by.organisation;
    out.email = by.address;
    out.generator = "heliopost";
    crypto::Sha256 hash;
    hash.add(by.host_name + "\n" + id.domain + "\n" + std::to_string(id.day) + "\n" +
             std::to_string(period.begin));
    out.report_id = to_hex(hash.finish().substr(0, id_octets)) + "@" + by.host_name;
    out.begin = static_cast<std::uint64_t>(period.begin);
    out.end = static_cast<std::uint64_t>(std::max(period.begin, end - 1));
    if (period.left_out != 0)
        out.errors.push_back(std::to_string(period.left_out) +
                             " messages more are in no row: there were too many different ones");
    out.policy = published(id.domain, period.policy);
    out.rows = std::move(rows);
    return out;
}

std::string file_name(const Reporter& by, const feedback::Aggregate& report) {
    return by.host_name + "!" + report.policy.domain + "!" + std::to_string(report.begin) + "!" +
           std::to_string(report.end) + "!" + std::string(local_id(report)) + ".xml.gz";
}

std::string compose(const Reporter& by, const feedback::Aggregate& report, const AggregateMessage& message,
                    std::string_view packed) {
    const std::string file = file_name(by, report);
    const std::string to = smtp::to_string(message.to);
    std::string out;
    const auto line = [&](std::string_view text) { (out += text) += "\r\n"; };
    line("From: " + phrase(by.organisation) + " <" + by.address + ">");
    line("To: <" + to + ">");
    line("Subject: Report Domain: " + report.policy.domain + "\r\n Submitter: " + by.host_name +
         "\r\n Report-ID: <" + report.report_id + ">");
    line("Date: " + smtp::format_date(message.date));
    line("Message-ID: <" + message.message_id + ">");
    line("Auto-Submitted: auto-generated");  // RFC 3834 §5
    line("MIME-Version: 1.0");
    line("Content-Type: multipart/mixed;\r\n boundary=\"" + message.boundary + "\"");
    line("");
    line("--" + message.boundary);
    line("Content-Type: text/plain; charset=utf-8");
    line("");
    line("This is a DMARC aggregate report about mail that claimed to be from");
    line(report.policy.domain + ", as " + by.host_name + " received it.");
    line("");
    line("--" + message.boundary);
    line("Content-Type: application/gzip");
    line("Content-Transfer-Encoding: base64");
    line("Content-Disposition: attachment;\r\n filename=\"" + file + "\"");
    line("");
    out += in_lines(packed);
    line("--" + message.boundary + "--");
    return out;
}

}  // namespace heliopost::reports
