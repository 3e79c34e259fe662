#include "proto/arc/arc_set.h"

#include <doctest/doctest.h>

#include "base/assert.h"

namespace heliopost::arc {
namespace {

std::string set_of(unsigned instance, std::string_view chain = "none") {
    const std::string i = "i=" + std::to_string(instance);
    return "ARC-Seal: " + i + "; a=rsa-sha256; cv=" + std::string(chain) +
           "; d=a.example; s=k; t=1; b=AQI=\r\n" + "ARC-Message-Signature: " + i +
           "; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=k; h=from;\r\n bh=AQI=; " + "b=AwQ=\r\n" +
           "ARC-Authentication-Results: " + i + "; mx.a.example; spf=pass\r\n";
}

}  // namespace

TEST_CASE("arc: sets in order, whatever the order of the fields") {
    const auto sets = collect_sets(set_of(2, "pass") + "From: x\r\n" + set_of(1));
    REQUIRE(sets.has_value());
    ASSERT(sets->size() == 2);
    CHECK(sets->at(0).sealed_by.chain == Chain::none);
    CHECK(sets->at(1).sealed_by.chain == Chain::pass);
    CHECK(sets->at(1).signed_by.domain == "a.example");
    CHECK(sealed_header(*sets, 1) ==
          "arc-authentication-results:i=1; mx.a.example; spf=pass\r\n"
          "arc-message-signature:i=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=k; h=from; bh=AQI=; "
          "b=AwQ=\r\n"
          "arc-seal:i=1; a=rsa-sha256; cv=none; d=a.example; s=k; t=1; b=");
    CHECK(sealed_header(*sets, 2).ends_with("t=1; b="));
    CHECK(collect_sets("From: x\r\n").value().empty());
}

TEST_CASE("arc: what is no chain") {
    const std::string one = set_of(1);
    const size_t second = one.find("ARC-Message"), third = one.find("ARC-Auth");
    for (const std::string& bad :
         {set_of(2), one + one, one.substr(second), one.substr(0, second), one.substr(0, third), set_of(0),
          set_of(1, "maybe"), one + "ARC-Seal: \r\n", one + "ARC-Authentication-Results: x\r\n",
          one + "ARC-Authentication-Results: i=2\r\n"}) {
        CAPTURE(bad);
        CHECK_FALSE(collect_sets(bad).has_value());
    }
}

TEST_CASE("arc: fifty instances and no more, RFC 8617 §4.2.1") {
    std::string header;
    for (unsigned i = 1; i <= instances_max; ++i) header += set_of(i, i == 1 ? "none" : "pass");
    CHECK(collect_sets(header).value().size() == instances_max);
    CHECK_FALSE(collect_sets(header + set_of(instances_max + 1, "pass")).has_value());
}

TEST_CASE("arc: a seal has no body hash, a signature no seal among its fields") {
    CHECK_FALSE(parse_seal("i=1; a=rsa-sha256; cv=none; d=a; s=k; b=AQI=; h=from").has_value());
    CHECK_FALSE(
        parse_message_signature("i=1; a=rsa-sha256; d=a; s=k; b=AQI=; bh=AQI=; h=from:arc-seal").has_value());
    const auto bare = parse_message_signature("i=1; a=rsa-sha256; d=a; s=k; b=AQI=; bh=AQI=; h=:from:");
    REQUIRE(bare.has_value());
    CHECK(bare->signature.fields == std::vector<std::string>{"from"});
    CHECK(bare->signature.header == dkim::Canonicalization::relaxed);
    CHECK(parse_results_instance(" i = 50 ; x").value() == 50);
    for (const std::string_view bad : {"", "i=1", "i=51;", "i=0;", "i=001;", "x=1;", "i=;"})
        CHECK_FALSE(parse_results_instance(bad).has_value());
}

}  // namespace heliopost::arc
