#include "proto/feedback/aggregate.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/assert.h"
#include "proto/feedback/unpack.h"

namespace heliopost::feedback {
namespace {

Aggregate sample() {
    Aggregate report;
    report.version = "1.0";
    report.org_name = "a.example <&> \"b\"";
    report.email = "reports@a.example";
    report.report_id = "1-2@a.example";
    report.generator = "Heliopost";
    report.begin = 1'700'000'000;
    report.end = 1'700'086'399;
    report.errors = {"one", "two"};
    report.policy = {"b.example", "treewalk", "r", "s", "reject", "none", "quarantine", "1:d", "n", "100"};
    Row row;
    row.source_ip = "2001:db8::1";
    row.count = 12;
    row.disposition = "none";
    row.dkim = "pass";
    row.spf = "fail";
    row.reasons = {{"trusted_forwarder", "sealed by lists.example"}, {"other", ""}};
    row.header_from = "b.example";
    row.envelope_from = "c.example";
    row.envelope_to = "a.example";
    row.dkim_results = {{"b.example", "k", "", "pass", ""},
                        {"d.example", "l", "", "fail", "the body changed"}};
    row.spf_results = {{"c.example", "", "mfrom", "softfail", ""}};
    report.rows = {row, row};
    report.rows.back().source_ip = "192.0.2.1";
    return report;
}

std::string nested(size_t depth) {
    std::string xml = "<feedback>", end = "</feedback>";
    for (size_t i = 1; i < depth; ++i) {
        xml += "<x>";
        end = "</x>" + end;
    }
    return xml + end;
}

}  // namespace

TEST_CASE("aggregate: what is written is read as the same") {
    const std::string xml = write_aggregate(sample());
    const auto read = parse_aggregate(xml);
    REQUIRE(read.has_value());
    CHECK(*read == sample());
    CHECK(xml.contains("<org_name>a.example &lt;&amp;&gt; \"b\"</org_name>"));
    Aggregate hostile = sample();
    hostile.org_name = std::string("a\0b\xff</org_name>", 15);
    const auto again = parse_aggregate(write_aggregate(hostile));
    REQUIRE(again.has_value());
    CHECK(again->org_name == "a?b?</org_name>");
    CHECK(unpack(pack(xml)).value() == xml);
}

TEST_CASE("aggregate: any order, any prefix, unknown elements, an early draft") {
    const auto read = parse_aggregate(
        "<d:feedback xmlns:d='urn:x'><d:record><d:identities><d:header_from> "
        "b.example\n</d:header_from></d:identities>"
        "<d:new><d:row><d:count>9</d:count></d:row></d:new><d:row><d:count>3</d:count></d:row></d:record>"
        "<d:report_metadata><d:org_name><![CDATA[<a>]]>&amp;</d:org_name></d:report_metadata></d:feedback>");
    REQUIRE(read.has_value());
    ASSERT(read->rows.size() == 1);
    CHECK(read->rows.front().header_from == "b.example");
    CHECK(read->rows.front().count == 3);
    CHECK(read->org_name == "<a>&");
    CHECK(parse_aggregate("<xs:schema xmlns:xs='x'><feedback><version>1</version></feedback>")
              .value()
              .version == "1");
}

TEST_CASE("aggregate: a charset of one octet a character, and none that is unknown or has more") {
    const auto in = [](const std::string& charset) {
        return parse_aggregate("<?xml version='1.0' encoding='" + charset +
                               "'?><feedback><version>l\xe9\x80</version></feedback>");
    };
    CHECK(in("windows-1252").value().version == "l\u00e9\u20ac");
    CHECK(in("windows-1251").value().version == "l\u0439\u0402");
    CHECK(in("no-such").error().fault == Fault::syntax);
    CHECK(in("shift_jis").error().fault == Fault::syntax);
}

TEST_CASE("aggregate: what is no report") {
    for (const std::string_view bad :
         {"", "x", "<feedback>", "<x:schema xmlns:x='y'/>", "<a><feedback/></a>", "<html></html>",
          "<feedback><record></feedback></record>", "<feedback>&x;</feedback>"})
        CHECK(parse_aggregate(bad).error().fault == Fault::syntax);
    const std::string laughs =
        "<!DOCTYPE feedback [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]>"
        "<feedback><version>&b;</version></feedback>";
    CHECK(parse_aggregate(laughs).error().text == "a report has no DOCTYPE");
    CHECK(parse_aggregate("<!DOCTYPE feedback SYSTEM 'file:///etc/passwd'><feedback/>").error().text ==
          "a report has no DOCTYPE");
}

TEST_CASE("aggregate: limits") {
    CHECK(parse_aggregate(nested(report_depth_max)).has_value());
    CHECK(parse_aggregate(nested(report_depth_max + 1)).error().fault == Fault::too_large);
    std::string rows = "<feedback>";
    for (size_t i = 0; i < report_rows_max; ++i) rows += "<record/>";
    CHECK(parse_aggregate(rows + "</feedback>").value().rows.size() == report_rows_max);
    CHECK(parse_aggregate(rows + "<record/></feedback>").error().fault == Fault::too_large);
    const std::string text(report_text_octets_max + 1, 'x');
    CHECK(parse_aggregate("<feedback><version>" + text + "</version></feedback>").value().version.size() ==
          report_text_octets_max);
    std::string reasons = "<feedback><record><row><policy_evaluated>";
    for (size_t i = 0; i <= report_lists_max; ++i) reasons += "<reason><type>a</type></reason>";
    reasons += "</policy_evaluated></row></record></feedback>";
    CHECK(parse_aggregate(reasons).value().rows.front().reasons.size() == report_lists_max);
    CHECK(parse_aggregate(std::string(report_octets_max + 1, ' ')).error().fault == Fault::too_large);
}

TEST_CASE("unpack: bombs and broken packages") {
    const std::string bomb = pack(std::string(size_t{1} << 20, 'x'));
    CHECK(bomb.size() * unpacked_ratio_max < (size_t{1} << 20));
    CHECK(unpack(bomb).error().fault == Fault::too_large);
    const std::string whole = pack(write_aggregate(sample()));
    for (size_t i = 2; i < whole.size(); ++i)
        CHECK_FALSE(unpack(std::string_view(whole).substr(0, i)).has_value());
    CHECK_FALSE(unpack("PK\x03\x04").has_value());
    CHECK_FALSE(unpack(std::string("PK\x03\x04") + std::string(26, '\xff')).has_value());
    CHECK(unpack(std::string("PK\x03\x04") + std::string(26, '\0')).value().empty());  // stored, of no octets
    CHECK(unpack("<feedback/>").value() == "<feedback/>");
}

TEST_CASE("aggregate: reports of real senders") {
    const std::filesystem::path root = HELIOPOST_SHARED_DATA;
    if (!std::filesystem::exists(root / "parsedmarc/aggregate")) {
        MESSAGE("skipped: ../shared/data/parsedmarc is not there");
        return;
    }
    // Not well-formed, and the second is not UTF-8: nothing to be guessed.
    const std::set<std::string> broken{"invalid_xml.xml", "invalid_utf_8.xml"};
    int good = 0, bad = 0;
    for (const char* folder : {"parsedmarc/aggregate", "parsedmarc/aggregate_invalid",
                               "parsedmarc/extract_report", "mail-auth/dmarc-feedback"}) {
        for (const auto& file : std::filesystem::directory_iterator(root / folder)) {
            const std::string kind = file.path().extension();
            if (kind != ".xml" && kind != ".gz" && kind != ".zip") continue;
            std::stringstream octets;
            octets << std::ifstream(file.path(), std::ios::binary).rdbuf();
            CAPTURE(file.path());
            const auto xml = unpack(octets.str());
            REQUIRE(xml.has_value());
            const auto report = parse_aggregate(*xml);
            CHECK(report.has_value() != broken.contains(file.path().filename()));
            report ? ++good : ++bad;
            if (!report) continue;
            CHECK_FALSE(report->report_id.empty());
            CHECK_FALSE(report->rows.empty());
            CHECK(parse_aggregate(write_aggregate(*report)).value() == *report);
        }
    }
    MESSAGE("counted: DMARC aggregate reports: " << good << " read, " << bad << " refused");
    CHECK(bad == 2);
}

}  // namespace heliopost::feedback
