#include "proto/dkim/signature.h"

#include <doctest/doctest.h>

#include "base/assert.h"
#include "proto/dkim/key_record.h"

namespace heliopost::dkim {
namespace {

const std::string good = "v=1; a=rsa-sha256; d=a.example; s=k1; h=From : to; bh=AQI=; b=AwQ=";

}  // namespace

TEST_CASE("signature: what the tags say, RFC 6376 §3.5") {
    const auto plain = parse_signature(good);
    REQUIRE(plain.has_value());
    CHECK(plain->header == Canonicalization::simple);
    CHECK(plain->identity == "@a.example");
    CHECK(plain->fields == std::vector<std::string>{"From", "to"});
    CHECK(plain->value == "\x03\x04");
    const auto full =
        parse_signature(good + "; c=relaxed/simple; i=ann@mail.A.example; l=12; t=5; x=6; q=x:dns/txt");
    REQUIRE(full.has_value());
    CHECK(full->header == Canonicalization::relaxed);
    CHECK(full->body == Canonicalization::simple);
    CHECK(full->length == 12);
    CHECK(full->expires_at == 6);
    CHECK(parse_signature(good + "; c=relaxed").value().body == Canonicalization::simple);
}

TEST_CASE("signature: an end of more than twelve digits is none, RFC 6376 §3.5") {
    CHECK(parse_signature(good + "; x=999999999999").value().expires_at == 999'999'999'999);
    for (const std::string_view never :
         {"1000000000000", "9223372036854775807", "9223372036854775808", "100000000000000000000"}) {
        const auto parsed = parse_signature(good + "; t=5; x=" + std::string(never));
        REQUIRE(parsed.has_value());
        CHECK_FALSE(parsed->expires_at.has_value());
    }
}

TEST_CASE("signature: h= may end with a colon, and hold no empty name else") {
    const std::string begin = "v=1; a=rsa-sha256; d=a.example; s=k; bh=AQI=; b=AQI=; h=";
    CHECK(parse_signature(begin + "from:to:").value().fields == std::vector<std::string>{"from", "to"});
    for (const std::string_view bad : {":", "from::", ":from", "from:: to:"})
        CHECK_FALSE(parse_signature(begin + std::string(bad)).has_value());
}

TEST_CASE("signature: what is wrong has its reason") {
    const std::pair<std::string, std::string_view> cases[] = {
        {"", "there are no tags"},
        {"a=rsa-sha256", "the tag v= is missing"},
        {"v=2", "v= is not 1"},
        {"v=1; a=md5", "a= names no algorithm that is known"},
        {"v=1; a=rsa-sha256", "the tag b= is missing"},
        {"v=1; a=rsa-sha256; b=***", "b= is not base64"},
        {"v=1; a=rsa-sha256; b=AQI=; bh=AQI=; d=a.example; s=x; h=to", "From is not signed"},
        {"v=1; a=rsa-sha256; b=AQI=; bh=AQI=; d=a.example; s=x; h=from::to", "h= names an empty field"},
        {good + "; c=nowsp", "c= names no canonicalization that is known"},
        {good + "; i=ann@b.example", "i= is not below d="},
        {good + "; i=ann@xa.example", "i= is not below d="},
        {good + "; i=a.example", "i= is not below d="},
        {good + "; q=ldap", "q= names no way to the key that is known"},
        {good + "; l=-1", "l= is no number"},
        {good + "; t=99999999999999999999", "t= is no number"},
        {good + "; t=6; x=5", "x= is before t="},
        {good + "; d=b.example", "the tag d= stands twice"},
    };
    for (const auto& [text, reason] : cases) {
        const auto parsed = parse_signature(text);
        REQUIRE_FALSE(parsed.has_value());
        CHECK(parsed.error().text == reason);
    }
}

TEST_CASE("signature: as long as allowed, and longer") {
    std::string many = "v=1; a=rsa-sha256; d=a.example; s=k; bh=AQI=; b=AQI=; h=from";
    for (size_t i = 1; i < signed_fields_max; ++i) many += ":x";
    CHECK(parse_signature(many).has_value());
    CHECK(parse_signature(many + ":x").error().fault == Fault::too_large);
    std::string padded = good;
    padded.resize(signature_octets_max, ' ');
    CHECK(parse_signature(padded).has_value());
    CHECK(parse_signature(padded + " ").error().fault == Fault::too_large);
}

TEST_CASE("key record, RFC 6376 §3.6.1, RFC 8463 §3") {
    const auto plain = parse_key_record("p=AQ ID");
    REQUIRE(plain.has_value());
    CHECK(plain->type == KeyType::rsa);
    CHECK(plain->key == "\x01\x02\x03");
    CHECK(plain->for_mail);
    const auto full =
        parse_key_record("v=DKIM1; k=ed25519; h=sha1:sha256; s=tlsrpt; t=y:s; n=hello there; p=");
    REQUIRE(full.has_value());
    CHECK(full->type == KeyType::ed25519);
    CHECK(full->key.empty());
    CHECK(full->hashes == std::vector<std::string>{"sha1", "sha256"});
    CHECK_FALSE(full->for_mail);
    CHECK(full->testing);
    CHECK(full->exact_domain);
    for (const std::string_view bad : {"", "v=DKIM1", "v=DKIM2; p=", "p=; v=DKIM1", "k=dsa; p=", "p=*", "p"})
        CHECK_FALSE(parse_key_record(bad).has_value());
}

}  // namespace heliopost::dkim
