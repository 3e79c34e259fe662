#include "reports/records.h"

#include <doctest/doctest.h>

#include "reports/test_reports.h"

namespace heliopost::reports {

TEST_CASE("records: rows as fsck reads them; every truncation of a key is told") {
    const PeriodId id{20'000, "good.example"};
    const std::string row = encode(TestReports::row("192.0.2.9"));
    const std::pair<std::string, std::string> all[] = {
        {period_key(id), encode(Period{"v=DMARC1", 1, 2, 3, 4})},
        {row_key(id, row), row},
        {sent_key(id), encode_sent(7)},
        {day_key(id.day), encode(DayCount{1, 2})},
        {organisation_key(id), encode_organisation(5)}};
    for (const auto& [key, value] : all) {
        CHECK_FALSE(check_row(key, value).has_value());
        for (std::size_t octets = 0; octets < key.size(); ++octets)
            CHECK(check_row(std::string_view(key).substr(0, octets), value).has_value());
        CHECK(check_row(key + "x", value).has_value());
        CHECK(check_row(key, "\xff\xff").has_value());
    }
    CHECK(check_row("\x09", "").has_value());
    CHECK(parse_period_key(period_key(id)).value() == id);
    CHECK(decode_organisation(encode_organisation(5)).value() == 5);
    CHECK(decode_row(row).value() == TestReports::row("192.0.2.9"));
    CHECK(decode_period(encode(Period{"v=DMARC1", 1, 2, 3, 4})).value() == Period{"v=DMARC1", 1, 2, 3, 4});
}

}  // namespace heliopost::reports
