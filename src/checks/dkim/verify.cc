#include "checks/dkim/verify.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/base64.h"
#include "base/text.h"
#include "crypto/public_key.h"
#include "proto/dkim/covered.h"

namespace heliopost::dkim_check {
namespace {

constexpr std::string_view field_name = "DKIM-Signature";
constexpr size_t mark_octets = 8;  // RFC 6008 §3: at least eight

std::string hash_of(std::string_view text) {
    crypto::Sha256 hash;
    hash.add(text);
    return hash.finish();
}

SignatureVerdict judged(Verdict verdict, std::string reason) {
    SignatureVerdict out;
    out.verdict = verdict;
    out.reason = std::move(reason);
    return out;
}

// What the signature says of itself that needs neither key nor body.
std::optional<SignatureVerdict> judge_times(const dkim::Signature& signature, Time now) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const auto error = std::chrono::seconds(clock_error_max).count();
    if (signature.expires_at && *signature.expires_at < seconds - error)
        return judged(Verdict::fail, "the signature has expired");
    if (signature.signed_at && *signature.signed_at > seconds + error)
        return judged(Verdict::policy, "the signature is from the future");
    return std::nullopt;
}

Result<crypto::PublicKey> public_key(const dkim::KeyRecord& key) {
    return key.type == dkim::KeyType::rsa ? crypto::PublicKey::rsa(key.key)
                                          : crypto::PublicKey::ed25519(key.key);
}

}  // namespace

std::string_view name_of(Verdict verdict) {
    constexpr std::array<std::string_view, 7> names{"none",    "pass",      "fail",     "policy",
                                                    "neutral", "temperror", "permerror"};
    return names.at(static_cast<size_t>(verdict));
}

Verifier::Verifier(std::string header) : header_(std::move(header)) {
    mime::FieldReader reader(header_);
    while (const auto field = reader.next())
        if (same_ignoring_case(field->name, field_name))
            add(std::string_view(header_).substr(field->begin, field->end - field->begin), field->value);
}

void Verifier::add(std::string_view field, std::string_view value) {
    Place place;
    place.field = field;
    if (signatures_.size() >= signatures_max) {
        place.verdict = judged(Verdict::policy, "not looked at: there are too many signatures");
    } else if (auto parsed = dkim::parse_signature(value); !parsed) {
        place.verdict = judged(Verdict::perm_error, parsed.error().text);
    } else {
        place.body = body_for(*parsed);
        place.signature = *std::move(parsed);
    }
    // A flood of signatures is counted, not kept.
    if (signatures_.size() <= signatures_max) signatures_.push_back(std::move(place));
}

size_t Verifier::body_for(const dkim::Signature& signature) {
    const auto same = std::ranges::find_if(
        bodies_, [&](const BodyHash& body) { return body.is_for(signature.body, signature.length); });
    if (same != bodies_.end()) return static_cast<size_t>(same - bodies_.begin());
    bodies_.emplace_back(signature.body, signature.length);
    return bodies_.size() - 1;
}

void Verifier::feed(std::string_view body) {
    for (BodyHash& hash : bodies_) hash.feed(body);
}

net::Task<std::vector<SignatureVerdict>> Verifier::finish(net::DnsBudget* dns, Time now) {
    std::vector<SignatureVerdict> verdicts;
    for (Place& place : signatures_) {
        SignatureVerdict verdict = place.verdict;
        if (place.signature) verdict = co_await verify(&place, dns, now);
        verdicts.push_back(std::move(verdict));
    }
    co_return verdicts;
}

// RFC 6376 §6.1
net::Task<SignatureVerdict> Verifier::verify(Place* place, net::DnsBudget* dns, Time now) {
    ASSERT(place->signature.has_value());
    const dkim::Signature& signature = *place->signature;
    SignatureVerdict verdict;
    BodyHash& body = bodies_.at(place->body);
    const bool same_body = body.finish() == signature.body_hash;
    if (const auto untimely = judge_times(signature, now)) {
        verdict = *untimely;
    } else if (signature.length && *signature.length > body.octets()) {
        verdict = judged(Verdict::perm_error, "l= is more than the body");
    } else if (!same_body) {
        verdict = judged(Verdict::fail, "the body has changed");
    } else {
        const Keys keys = co_await find_keys(dns, signature.selector, signature.domain);
        verdict = judged(keys.verdict, keys.reason);
        const std::string hash =
            hash_of(dkim::covered_header(header_, signature.fields, place->field, signature.header));
        for (const dkim::KeyRecord& key : keys.records) {
            verdict = verify_hash(key, signature, hash);
            if (verdict.verdict == Verdict::pass) break;
        }
        if (verdict.verdict == Verdict::pass && signature.length && *signature.length < body.octets()) {
            verdict.verdict = Verdict::policy;
            verdict.reason =
                "only the first " + std::to_string(*signature.length) + " octets of the body are signed";
        }
    }
    verdict.domain = to_lower(signature.domain);
    verdict.selector = signature.selector;
    verdict.identity = signature.identity;
    verdict.algorithm = dkim::name_of(signature.algorithm);
    verdict.mark = to_base64(signature.value).substr(0, mark_octets);
    co_return verdict;
}

net::Task<Keys> find_keys(net::DnsBudget* dns, std::string selector, std::string domain) {
    const std::string name = selector + "._domainkey." + domain;
    const net::DnsAnswer answer = co_await dns->query(name, net::RecordType::txt);
    using Status = net::DnsAnswer::Status;
    Keys keys;
    if (answer.status == Status::failed || answer.status == Status::bogus) {
        keys.verdict = Verdict::temp_error;
        keys.reason = "the DNS did not answer for the key";
        co_return keys;
    }
    keys.verdict = Verdict::perm_error;
    keys.reason = "there is no key";
    std::vector<std::string> texts = net::txt_records(answer);
    if (texts.size() > key_records_max) texts.resize(key_records_max);
    for (const std::string& text : texts) {
        auto record = dkim::parse_key_record(text);
        if (record)
            keys.records.push_back(*std::move(record));
        else
            keys.reason = record.error().text;
    }
    co_return keys;
}

SignatureVerdict verify_hash(const dkim::KeyRecord& key, const dkim::Signature& signature,
                             std::string_view sha256) {
    if (signature.algorithm == dkim::Algorithm::rsa_sha1)
        return judged(Verdict::policy, "rsa-sha1 is not believed");  // RFC 8301 §3.1
    const bool wants_rsa = signature.algorithm == dkim::Algorithm::rsa_sha256;
    if (key.key.empty()) return judged(Verdict::perm_error, "the key was revoked");
    if (wants_rsa != (key.type == dkim::KeyType::rsa))
        return judged(Verdict::perm_error, "the key is of another kind");
    if (!key.hashes.empty() && std::ranges::find(key.hashes, "sha256") == key.hashes.end())
        return judged(Verdict::perm_error, "the key is not for SHA-256");
    if (!key.for_mail) return judged(Verdict::perm_error, "the key is not for mail");
    const std::string_view identity_domain =
        std::string_view(signature.identity).substr(signature.identity.rfind('@') + 1);
    if (key.exact_domain && !same_ignoring_case(identity_domain, signature.domain))
        return judged(Verdict::perm_error, "the key is not for subdomains");
    const auto octets = public_key(key);
    if (!octets)
        return judged(octets.error().fault == Fault::denied ? Verdict::policy : Verdict::perm_error,
                      octets.error().text);
    SignatureVerdict verdict =
        octets->verifies(sha256, signature.value)
            ? judged(Verdict::pass, std::string(dkim::name_of(signature.algorithm)) + ", " +
                                        std::to_string(octets->bits()) + " bits")
            : judged(Verdict::fail, "the header has changed, or the key is another");
    verdict.testing = key.testing;
    return verdict;
}

}  // namespace heliopost::dkim_check
