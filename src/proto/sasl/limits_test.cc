// What goes past a limit of this folder that no other test names.
#include <doctest/doctest.h>

#include <string>

#include "base/base64.h"
#include "proto/sasl/client.h"
#include "proto/sasl/scram.h"

namespace heliopost::sasl {

TEST_CASE("limits: what a hostile server's SCRAM may cost the client, RFC 5802 §5.1") {
    const auto takes = [](size_t salt_octets, std::uint64_t iterations) {
        Client client(Mechanism::scram_sha_256, {"user", "", "pencil"}, "C");
        REQUIRE(client.start().has_value());
        return client
            .respond("r=CS,s=" + to_base64(std::string(salt_octets, 's')) +
                     ",i=" + std::to_string(iterations))
            .has_value();
    };
    CHECK(takes(1'024, scram_iterations_min));  // salt_octets_max
    CHECK_FALSE(takes(1'025, scram_iterations_min));
    CHECK_FALSE(takes(16, std::uint64_t{scram_iterations_max} + 1));
    CHECK_FALSE(takes(16, scram_iterations_min - 1));
}

}  // namespace heliopost::sasl
