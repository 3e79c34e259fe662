#include "delivery/plan.h"

#include <doctest/doctest.h>

namespace heliopost::delivery {
namespace {

Recipient local(std::string name, std::uint64_t account, std::vector<std::string> forwards = {}) {
    Recipient recipient;
    recipient.address = {std::move(name), "a.example"};
    recipient.resolution.kind = directory::Resolution::Kind::local;
    if (account != 0) recipient.resolution.accounts = {{AccountId{account}, "x@a.example", "", 0}};
    recipient.resolution.forwards = std::move(forwards);
    return recipient;
}

}  // namespace

TEST_CASE("plan: each account and each foreign address gets one copy") {
    Envelope envelope;
    envelope.recipients = {local("ann", 1), local("sales", 1, {"out@b.example"}),
                           local("bob", 2, {"out@b.example"})};
    Recipient remote;
    remote.address = {"out", "b.example"};
    envelope.recipients.push_back(remote);
    const Plan got = plan(envelope);
    REQUIRE(got.filings.size() == 2);
    CHECK(got.filings[0].delivered_to == "ann@a.example");
    CHECK(got.filings[1].account == AccountId{2});
    REQUIRE(got.relays.size() == 1);
    CHECK(smtp::to_string(got.relays[0].to) == "out@b.example");
}

TEST_CASE("plan: nobody is invented for a local address that resolves to nothing") {
    Envelope envelope;
    envelope.recipients = {local("ann", 0)};
    const Plan got = plan(envelope);
    CHECK(got.filings.empty());
    CHECK(got.relays.empty());
}

}  // namespace heliopost::delivery
