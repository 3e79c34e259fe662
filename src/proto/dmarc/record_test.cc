#include "proto/dmarc/record.h"

#include <doctest/doctest.h>

#include "base/assert.h"

namespace heliopost::dmarc {

TEST_CASE("dmarc: a whole record, RFC 9989 §4.7, RFC 7489 §6.3") {
    const std::string text =
        "v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s; aspf=s; psd=n; t=y; pct=50; fo=1:d:s; "
        "rua=mailto:a@a.example!10485760,https://b.example/x; ruf=mailto:f@a.example; ri=3600";
    const auto record = parse_record(text);
    REQUIRE(record.has_value());
    CHECK(record->policy == Policy::reject);
    CHECK(record->subdomains == Policy::quarantine);
    CHECK(record->missing_subdomains == Policy::none);
    CHECK(record->dkim == Alignment::strict);
    CHECK(record->spf == Alignment::strict);
    CHECK(record->suffix == SuffixMark::no);
    CHECK(record->testing);
    CHECK(record->percent == 50);
    CHECK(record->failures == FailureOptions{false, true, true, true});
    CHECK(record->aggregate_to ==
          std::vector<ReportUri>{{"mailto:a@a.example", 10'485'760}, {"https://b.example/x", std::nullopt}});
    CHECK(record->interval == std::chrono::hours(1));
    CHECK(to_string(*record) == text);
}

TEST_CASE("dmarc: what is wrong means its default, what is unknown nothing") {
    struct Case {
        std::string_view text, want;
    };
    const Case cases[] = {
        {"v=DMARC1", "v=DMARC1; p=none"},  // RFC 9989 §4.7: no p= is p=none
        {"v = DMARC1 ;P = Reject ;", "v=DMARC1; p=reject"},
        {"v=DMARC1; p=reject; adkim=x; aspf=strict; fo=7; pct=101; t=1; psd=maybe; ri=x; x-y=1; =; ;z=;",
         "v=DMARC1; p=reject"},
        {"v=DMARC1; p=reject; pct=", "v=DMARC1; p=reject"},
        {"v=DMARC1; rua=mailto:a@a.example!1k, "
         "mailto:b@a.example!2M,mailto:c@a.example!3x,,ftp:,<a@b>,mailto:d@a",
         "v=DMARC1; p=none; rua=mailto:a@a.example!1024,mailto:b@a.example!2097152,mailto:d@a"},
        {"v=DMARC1; rua=mailto:a@a.example!99999999999999999t", "v=DMARC1; p=none"},
        {"v=DMARC1; p=rejekt; sp=reject; rua=mailto:a@a.example", "v=DMARC1; p=none; rua=mailto:a@a.example"},
        {"v=DMARC1; p=reject; sp=x; rua=mailto:a@a.example", "v=DMARC1; p=none; rua=mailto:a@a.example"},
        {"v=DMARC1; p=quarantine; fo=d:0", "v=DMARC1; p=quarantine; fo=0:d"},
    };
    for (const auto& [text, want] : cases) {
        CAPTURE(text);
        const auto record = parse_record(text);
        REQUIRE(record.has_value());
        CHECK(to_string(*record) == want);
    }
}

TEST_CASE("dmarc: what is no record") {
    for (const std::string_view bad :
         {"", "v", "v=DMARC", "v=DMARC10; p=reject", "v=dmarc1; p=reject", "p=reject; v=DMARC1",
          " ; v=DMARC1", "v=spf1 -all", "DMARC1; p=none", "v=DMARC1; p=rejekt", "v=DMARC1; p=reject; np=x"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_record(bad).has_value());
    }
    CHECK(is_record("v=DMARC1; p=rejekt"));
    CHECK(is_record("v=DMARC1"));
    CHECK_FALSE(is_record("v=DMARC1 p=reject"));
}

TEST_CASE("dmarc: limits of a record") {
    std::string many = "v=DMARC1", uris = "v=DMARC1; rua=mailto:x@a.example";
    for (size_t i = 1; i < tags_max; ++i) many += ";x=y";
    for (size_t i = 0; i < uris_max; ++i) uris += ",mailto:y@a.example";
    CHECK(parse_record(many).has_value());
    CHECK(parse_record(many + ";x=y").error().fault == Fault::too_large);
    CHECK(parse_record(uris).value().aggregate_to.size() == uris_max);
    CHECK(parse_record("v=DMARC1; x=" + std::string(record_octets_max, 'y')).error().fault ==
          Fault::too_large);
    CHECK(parse_record("v=DMARC1; rua=mailto:" + std::string(uri_octets_max, 'y'))
              .value()
              .aggregate_to.empty());
}

TEST_CASE("dmarc: every truncation of a record") {
    const std::string text =
        "v=DMARC1; rua=mailto:a@a.example!10m,mailto:b@a.example; p=reject; fo=d:s; pct=5";
    for (size_t i = 0; i <= text.size(); ++i)
        CHECK(parse_record(std::string_view(text).substr(0, i)).has_value() == (i >= 8));
}

}  // namespace heliopost::dmarc
