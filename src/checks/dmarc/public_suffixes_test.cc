#include "checks/dmarc/public_suffixes.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "proto/smtp/address.h"

namespace heliopost::dmarc_check {

TEST_CASE("suffixes: organisations by the list") {
    const PublicSuffixes list = PublicSuffixes::load();
    CHECK(list.organisational_domain("x.y.a.co.uk") == "a.co.uk");
    CHECK(list.organisational_domain("a.com") == "a.com");
    CHECK(list.organisational_domain("com").empty());
    CHECK(list.organisational_domain("").empty());
    CHECK(list.organisational_domain("a.unlisted") == "a.unlisted");
    CHECK(list.is_public_suffix("co.uk"));
    CHECK_FALSE(list.is_public_suffix("a.co.uk"));
}

// The list's own cases: "name organisation", "null" for none.
TEST_CASE("suffixes: the vectors of publicsuffix.org") {
    std::ifstream in(std::string(HELIOPOST_SHARED_DATA) + "/publicsuffix/tests.txt");
    if (!in) {
        MESSAGE("skipped: ../shared/data/publicsuffix is not there");
        return;
    }
    const PublicSuffixes list = PublicSuffixes::load();
    int cases = 0;
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.starts_with("//")) continue;
        std::istringstream words(line);
        std::string name, want;
        words >> name >> want;
        if (name == "null" || name.starts_with('.')) continue;  // no domain names
        CAPTURE(line);
        const auto domain = smtp::normalise_domain(name);
        REQUIRE(domain.has_value());
        const auto wanted = want == "null" ? Result<std::string>("") : smtp::normalise_domain(want);
        CHECK(list.organisational_domain(*domain) == wanted.value());
        ++cases;
    }
    MESSAGE(cases << " names");
    CHECK(cases > 60);
}

}  // namespace heliopost::dmarc_check
