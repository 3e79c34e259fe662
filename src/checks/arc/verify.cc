#include "checks/arc/verify.h"

#include "base/assert.h"
#include "base/text.h"
#include "checks/dkim/verify.h"
#include "crypto/sha256.h"
#include "proto/dkim/covered.h"

namespace heliopost::arc_check {
namespace {

Answer failed(std::string reason) {
    return {arc::Chain::fail, std::move(reason), {}, {}};
}

dkim::Signature signature_of(const arc::Seal& seal) {
    dkim::Signature signature;
    signature.algorithm = seal.algorithm;
    signature.value = seal.value;
    signature.domain = seal.domain;
    signature.selector = seal.selector;
    signature.identity = "@" + seal.domain;
    return signature;
}

}  // namespace

Verifier::Verifier(std::string header) : header_(std::move(header)) {
    auto sets = arc::collect_sets(header_);
    if (!sets) {
        broken_ = sets.error().text;
        return;
    }
    sets_ = *std::move(sets);
    if (!sets_.empty()) body_.emplace(sets_.back().signed_by.body, sets_.back().signed_by.length);
}

void Verifier::feed(std::string_view body) {
    if (body_) body_->feed(body);
}

// The steps of RFC 8617 §5.2
net::Task<Answer> Verifier::finish(net::DnsBudget* dns) {
    if (broken_) co_return failed(*broken_);
    if (!body_) co_return Answer{arc::Chain::none, "nobody has sealed the message", {}, {}};
    for (const arc::ArcSet& set : sets_) {
        const arc::Chain expected = set.sealed_by.instance == 1 ? arc::Chain::none : arc::Chain::pass;
        if (set.sealed_by.chain != expected)
            co_return failed("instance " + std::to_string(set.sealed_by.instance) +
                             " says cv=" + std::string(arc::name_of(set.sealed_by.chain)));
    }
    const dkim::Signature& last = sets_.back().signed_by;
    if (body_->finish() != last.body_hash) co_return failed("the body has changed since the last hop");
    // Deviates from RFC 8617 §4.1.2, which allows l=, because anybody could add to a body that a trusted hop
    // has sealed, as in dkim_check.
    if (last.length && *last.length != body_->octets())
        co_return failed("the last hop's signature does not cover the whole body");
    const auto unsigned_by = co_await verify(
        dns, &last, dkim::covered_header(header_, last.fields, sets_.back().signature, last.header));
    if (unsigned_by) co_return failed("the last hop's signature: " + *unsigned_by);
    for (size_t count = sets_.size(); count > 0; --count) {
        const dkim::Signature seal = signature_of(sets_.at(count - 1).sealed_by);
        const auto broken = co_await verify(dns, &seal, arc::sealed_header(sets_, count));
        if (broken) co_return failed("the seal of instance " + std::to_string(count) + ": " + *broken);
    }
    Answer answer{arc::Chain::pass, "the chain holds", {}, {}};
    for (const arc::ArcSet& set : sets_) {
        answer.sealers.push_back(to_lower(set.sealed_by.domain));
        answer.results.push_back(set.results.substr(set.results.find(';') + 1));
    }
    co_return answer;
}

net::Task<std::optional<std::string>> Verifier::verify(net::DnsBudget* dns, const dkim::Signature* signature,
                                                       std::string covered) {
    crypto::Sha256 hash;
    hash.add(covered);
    const std::string octets = hash.finish();
    const dkim_check::Keys keys = co_await dkim_check::find_keys(dns, signature->selector, signature->domain);
    std::string reason = keys.reason;
    for (const dkim::KeyRecord& key : keys.records) {
        const dkim_check::SignatureVerdict verdict = dkim_check::verify_hash(key, *signature, octets);
        if (verdict.verdict == dkim_check::Verdict::pass) co_return std::nullopt;
        reason = verdict.reason;
    }
    co_return reason;
}

}  // namespace heliopost::arc_check
