#include "base/text.h"
#include "proto/feedback/aggregate.h"

namespace heliopost::feedback {
namespace {

// Text of an element: no octet can end it, or is not allowed in XML 1.0 §2.2.
std::string escaped(std::string_view text) {
    const bool utf8 = is_utf8(text);
    std::string out;
    for (const char c : text) {
        if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '&')
            out += "&amp;";
        else if (is_ascii(c) ? c < ' ' && c != '\t' && c != '\n' : !utf8)
            out += '?';
        else
            out += c;
    }
    return out;
}

// Elements, indented by two for each that is open.
class Writer {
public:
    Writer() { out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"; }

    void open(std::string_view name, std::string_view attributes = "") {
        out_ += std::string(2 * depth_++, ' ') + '<' + std::string(name) + std::string(attributes) + ">\n";
    }
    void close(std::string_view name) {
        out_ += std::string(2 * --depth_, ' ') + "</" + std::string(name) + ">\n";
    }
    void put(const std::string& name, std::string_view text) {
        if (text.empty()) return;
        out_ += std::string(2 * depth_, ' ') + '<' + name + '>' + escaped(text) + "</" + name + ">\n";
    }
    void put(const std::string& name, std::uint64_t number) { put(name, std::to_string(number)); }
    std::string take() { return std::move(out_); }

private:
    std::string out_;
    size_t depth_ = 0;
};

void write_metadata(Writer& out, const Aggregate& report) {
    out.open("report_metadata");
    out.put("org_name", report.org_name);
    out.put("email", report.email);
    out.put("extra_contact_info", report.extra_contact);
    out.put("report_id", report.report_id);
    out.open("date_range");
    out.put("begin", report.begin);
    out.put("end", report.end);
    out.close("date_range");
    for (const std::string& error : report.errors) out.put("error", error);
    out.put("generator", report.generator);
    out.close("report_metadata");
}

void write_policy(Writer& out, const PolicyPublished& policy) {
    out.open("policy_published");
    out.put("domain", policy.domain);
    out.put("discovery_method", policy.discovery_method);
    out.put("p", policy.p);
    out.put("sp", policy.sp);
    out.put("np", policy.np);
    out.put("adkim", policy.adkim);
    out.put("aspf", policy.aspf);
    out.put("fo", policy.fo);
    out.put("testing", policy.testing);
    out.put("pct", policy.percent);
    out.close("policy_published");
}

void write_results(Writer& out, const std::string& name, const std::vector<AuthResult>& results) {
    for (const AuthResult& one : results) {
        out.open(name);
        out.put("domain", one.domain);
        out.put("selector", one.selector);
        out.put("scope", one.scope);
        out.put("result", one.result);
        out.put("human_result", one.human_result);
        out.close(name);
    }
}

void write_row(Writer& out, const Row& row) {
    out.open("record");
    out.open("row");
    out.put("source_ip", row.source_ip);
    out.put("count", row.count);
    out.open("policy_evaluated");
    out.put("disposition", row.disposition);
    out.put("dkim", row.dkim);
    out.put("spf", row.spf);
    for (const Reason& reason : row.reasons) {
        out.open("reason");
        out.put("type", reason.type);
        out.put("comment", reason.comment);
        out.close("reason");
    }
    out.close("policy_evaluated");
    out.close("row");
    out.open("identifiers");
    out.put("envelope_to", row.envelope_to);
    out.put("envelope_from", row.envelope_from);
    out.put("header_from", row.header_from);
    out.close("identifiers");
    out.open("auth_results");
    write_results(out, "dkim", row.dkim_results);
    write_results(out, "spf", row.spf_results);
    out.close("auth_results");
    out.close("record");
}

}  // namespace

std::string write_aggregate(const Aggregate& report) {
    Writer out;
    out.open("feedback", " xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\"");
    out.put("version", report.version);
    write_metadata(out, report);
    write_policy(out, report.policy);
    for (const Row& row : report.rows) write_row(out, row);
    out.close("feedback");
    return out.take();
}

}  // namespace heliopost::feedback
