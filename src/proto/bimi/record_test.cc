#include "proto/bimi/record.h"

#include <doctest/doctest.h>

namespace heliopost::bimi {

TEST_CASE("bimi: records") {
    const auto record = parse_record("v=BIMI1; l=https://a.example/logo.svg; a=https://a.example/vmc.pem;");
    REQUIRE(record.has_value());
    CHECK(*record == Record{"https://a.example/logo.svg", "https://a.example/vmc.pem"});
    CHECK(parse_record("v=BIMI1; l=; a=;").value().declined());
    CHECK_FALSE(parse_record("v=BIMI1; l=HTTPS://x; e=y").value().declined());
    for (const std::string_view bad :
         {"", "l=https://a.example", "v=BIMI2; l=https://a", "v=BIMI1; l=http://a.example/x",
          "v=BIMI1; l=https://", "v=BIMI1; l=javascript:x", "v=BIMI1; l=https://a b",
          "v=BIMI1; l=https://a; l=https://b"})
        CHECK_FALSE(parse_record(bad).has_value());
    CHECK(parse_record("v=BIMI1; l=https://" + std::string(record_octets_max, 'x')).error().fault ==
          Fault::too_large);
}

TEST_CASE("bimi: selectors") {
    CHECK(parse_selector(" v=BIMI1; s=Brand").value() == "brand");
    CHECK(parse_selector("v=BIMI1; s=" + std::string(selector_octets_max, 'a')).has_value());
    for (const std::string& bad :
         {std::string(), std::string("s=brand"), std::string("v=BIMI1"), std::string("v=BIMI1; s=a.b"),
          "v=BIMI1; s=" + std::string(selector_octets_max + 1, 'a')})
        CHECK_FALSE(parse_selector(bad).has_value());
}

}  // namespace heliopost::bimi
