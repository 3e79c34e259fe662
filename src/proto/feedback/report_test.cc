#include "proto/feedback/report.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/assert.h"
#include "proto/feedback/unpack.h"
#include "proto/mime/transfer.h"

namespace heliopost::feedback {
namespace {

std::string message_with(std::string_view type, std::string_view body, size_t parts = 1) {
    std::string out =
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n";
    for (size_t i = 1; i < parts; ++i) out += "--b\r\nContent-Type: application/x\r\n\r\nx\r\n";
    return out + "--b\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + mime::encode_base64_lines(body) + "--b--\r\n";
}

const std::string xml = "<feedback><report_metadata><report_id>7</report_id></report_metadata></feedback>";

}  // namespace

TEST_CASE("report: an aggregate report in a file of any kind") {
    for (const std::string_view type : {"application/gzip", "application/octet-stream; name=x", "text/xml"})
        for (const std::string& file : {xml, pack(xml)}) {
            const auto report = read_report(message_with(type, file));
            REQUIRE(report.has_value());
            CHECK(std::get<Aggregate>(*report).report_id == "7");
        }
    CHECK(read_report(message_with("text/plain", xml)).error().fault == Fault::not_found);
    CHECK(read_report(message_with("application/zip", "x")).error().fault == Fault::syntax);
    CHECK(read_report(message_with("text/xml", xml, report_parts_max)).has_value());
    CHECK_FALSE(read_report(message_with("text/xml", xml, report_parts_max + 1)).has_value());
    CHECK(read_report("").error().fault == Fault::not_found);
    CHECK(read_report(std::string(report_octets_max + 1, 'x')).error().fault == Fault::too_large);
}

TEST_CASE("report: a file in UTF-16 is known by its mark") {
    std::string little = "\xff\xfe", big = "\xfe\xff";
    for (const char c : std::string_view("<feedback><version>1.0</version></feedback>")) {
        little += {c, '\0'};
        big += {'\0', c};
    }
    for (const std::string& octets : {little, big}) {
        const auto report = read_any(octets);
        REQUIRE(report.has_value());
        CHECK(std::get<Aggregate>(*report).version == "1.0");
    }
}

TEST_CASE("report: a failure, RFC 6591 §3") {
    const auto failure = parse_failure(
        "\r\nFeedback-Type: Auth-Failure\r\nVersion: 1\r\nAuth-Failure: dmarc\r\nSource-IP:\r\n 192.0.2.1\r\n"
        "Reported-Domain: a.example\r\nReported-Domain: b.example\r\nIncidents: 3\r\nX-Other: y\r\nVersion: "
        "2\r\n");
    REQUIRE(failure.has_value());
    CHECK(failure->feedback_type == "auth-failure");
    CHECK(failure->source_ip == "192.0.2.1");
    CHECK(failure->version == "1");
    CHECK(failure->reported_domains == std::vector<std::string>{"a.example", "b.example"});
    CHECK(failure->incidents == 3);
    CHECK_FALSE(parse_failure("Version: 1\r\n").has_value());
    CHECK_FALSE(parse_failure("").has_value());
    std::string many =
        "Feedback-Type: abuse\r\nUser-Agent: " + std::string(failure_value_octets_max + 9, 'x') + "\r\n";
    for (size_t i = 0; i <= failure_values_max; ++i) many += "Reported-URI: http://a.example/\r\n";
    CHECK(parse_failure(many).value().reported_uris.size() == failure_values_max);
    CHECK(parse_failure(many).value().user_agent.size() <= failure_value_octets_max);
    const std::string about =
        "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: "
        "message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n--b\r\nContent-Type: "
        "message/rfc822\r\n\r\nX: " +
        std::string(failure_header_octets_max, 'x') + "\r\n\r\n--b--\r\n";
    const auto report = read_report(about);
    REQUIRE(report.has_value());
    CHECK(std::get<Failure>(*report).header.size() == failure_header_octets_max);
}

TEST_CASE("report: messages of real senders") {
    const std::filesystem::path root = HELIOPOST_SHARED_DATA;
    if (!std::filesystem::exists(root / "mail-auth/arf")) {
        MESSAGE("skipped: ../shared/data/mail-auth is not there");
        return;
    }
    std::map<std::string, int> read;
    for (const char* folder : {"mail-auth/arf", "mail-auth/dmarc-feedback", "mox/dmarc-reports",
                               "parsedmarc/aggregate", "parsedmarc/failure"}) {
        for (const auto& file : std::filesystem::directory_iterator(root / folder)) {
            if (file.path().extension() != ".eml") continue;
            std::stringstream octets;
            octets << std::ifstream(file.path(), std::ios::binary).rdbuf();
            CAPTURE(file.path());
            const auto report = read_report(octets.str());
            // A text for people, with the failing message's fields in it, is no report that a program reads.
            const bool is_text = file.path().filename() == "exim_plain_text_only_no_arf_part.eml";
            CHECK(report.has_value() != is_text);
            if (!report) continue;
            if (const auto* aggregate = std::get_if<Aggregate>(&*report)) {
                ++read["aggregate"];
                CHECK_FALSE(aggregate->rows.empty());
            } else {
                ++read["failure"];
                CHECK_FALSE(std::get<Failure>(*report).version.empty());
            }
        }
    }
    MESSAGE("counted: mailed reports: " << read["aggregate"] << " aggregate, " << read["failure"]
                                        << " failure");
}

}  // namespace heliopost::feedback
