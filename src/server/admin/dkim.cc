// dkim.create, dkim.rotate, dkim.retire, dkim.list, dkim.dns
#include <algorithm>
#include <utility>

#include "base/time.h"
#include "directory/names.h"
#include "server/admin/operations.h"
#include "signing/life.h"
#include "signing/zone_line.h"

namespace heliopost::admin {
namespace {

using directory::DkimKey;
using signing::KeyInUse;
using Algorithm = DkimKey::Algorithm;
using State = DkimKey::State;

Result<std::vector<Algorithm>> algorithms_of(const std::string& word) {
    if (word.empty() || word == "both") return std::vector{Algorithm::rsa2048, Algorithm::ed25519};
    for (const Algorithm one : {Algorithm::rsa2048, Algorithm::ed25519})
        if (word == name_of(one)) return std::vector{one};
    return fail(Fault::syntax, "the algorithm is rsa2048, ed25519 or both");
}

Result<std::string> domain_of(Administered* of, const Request& request) {
    std::string domain = TRY(directory::parse_domain(TRY(request.required("domain"))));
    if (!of->directory->is_local_domain(domain))
        return fail(Fault::not_found, domain + " is no domain of ours: heliopost domain add " + domain);
    return domain;
}

std::vector<KeyInUse> keys_of(Administered* of, const std::string& domain) {
    const auto snapshot = of->keys->snapshot();
    const auto at = snapshot->domains.find(domain);
    return at == snapshot->domains.end() ? std::vector<KeyInUse>() : at->second;
}

bool has(const std::vector<KeyInUse>& keys, Algorithm algorithm, State state) {
    return std::ranges::any_of(
        keys, [&](const KeyInUse& key) { return key.row.algorithm == algorithm && key.row.state == state; });
}

std::vector<Cell> row_of(const DkimKey& key) {
    return {key.domain,
            key.selector,
            std::string(name_of(key.algorithm)),
            std::string(name_of(key.state)),
            signing::record_name(key),
            signing::record_text(key)};
}

Answer keys_answer() {
    return {"", {"domain", "selector", "algorithm", "state", "record_name", "record_text"}, {}};
}

std::string next_step(const std::string& domain) {
    return "\nOnce it is published the key signs by itself, within " +
           std::to_string(signing::look_interval.count()) +
           " minutes; at once with:\n\n    heliopost dkim dns " + domain + "\n";
}

net::Task<Result<Answer>> make(Administered* of, std::string domain, std::vector<Algorithm> algorithms) {
    Answer answer = keys_answer();
    answer.message = "Publish in the zone of " + domain + ":\n\n";
    for (const Algorithm algorithm : algorithms) {
        const DkimKey key = CO_TRY(co_await of->keys->create(of->world, domain, algorithm));
        answer.message += signing::zone_line(key) + "\n";
        answer.rows.push_back(row_of(key));
    }
    answer.message += next_step(domain);
    co_return answer;
}

net::Task<Result<Answer>> create(Administered* of, Request request) {
    const std::string domain = CO_TRY(domain_of(of, request));
    const auto algorithms = CO_TRY(algorithms_of(request.field("algorithm")));
    const auto keys = keys_of(of, domain);
    for (const Algorithm algorithm : algorithms)
        if (has(keys, algorithm, State::active))
            co_return fail(Fault::exists,
                           domain + " has an " + std::string(name_of(algorithm)) +
                               " key that signs; for a new one in its place: heliopost dkim rotate " +
                               domain);
    co_return co_await make(of, domain, algorithms);
}

net::Task<Result<Answer>> rotate(Administered* of, Request request) {
    const std::string domain = CO_TRY(domain_of(of, request));
    const auto keys = keys_of(of, domain);
    std::vector<Algorithm> algorithms;
    for (const Algorithm algorithm : CO_TRY(algorithms_of(request.field("algorithm"))))
        if (has(keys, algorithm, State::active)) algorithms.push_back(algorithm);
    if (algorithms.empty())
        co_return fail(Fault::not_found,
                       domain + " has no such key that signs: heliopost dkim create " + domain);
    Answer answer = CO_TRY(co_await make(of, domain, algorithms));
    answer.message +=
        "\nUntil then the old key signs; afterwards leave its record where it is until\n"
        "`heliopost dkim list` says that it is retired.\n";
    co_return answer;
}

net::Task<Result<Answer>> retire(Administered* of, Request request) {
    const std::string domain = CO_TRY(domain_of(of, request));
    const std::string selector = request.field("selector");
    Answer answer = keys_answer();
    for (const KeyInUse& key : keys_of(of, domain)) {
        if (!selector.empty() && key.row.selector != selector) continue;
        if (key.row.state != State::active && key.row.state != State::made) continue;
        CO_TRY(co_await of->keys->retire(key.row, of->world->now()));
        const bool used = key.row.state == State::active;
        answer.message +=
            signing::record_name(key.row) +
            (used ? ": signs no more; leave its record until `heliopost dkim list` says retired\n"
                  : ": gone; it never signed, its record may go\n");
        answer.rows.push_back(row_of(key.row));
        answer.rows.back()[3] = std::string(used ? "retiring" : "gone");
    }
    if (answer.rows.empty())
        co_return fail(Fault::not_found, domain + " has no " +
                                             (selector.empty() ? "key" : "key " + selector) +
                                             " that signs or waits: heliopost dkim list");
    answer.message.pop_back();
    co_return answer;
}

std::string note_of(const KeyInUse& key) {
    if (!key.trouble.empty()) return key.trouble;
    switch (key.row.state) {
        case State::made:
            return "waits for its DNS record: heliopost dkim dns " + key.row.domain;
        case State::active:
            return "signs";
        case State::retiring:
            return "signs no more; leave its DNS record";
        case State::retired:
            return "remove its DNS record";
    }
    return "";
}

Result<Answer> list_keys(Administered* of, const Request& request) {
    std::string only = request.field("domain");
    if (!only.empty()) only = TRY(directory::parse_domain(only));
    Answer answer{"", {"domain", "selector", "algorithm", "state", "since", "note", "server_key"}, {}};
    const auto snapshot = of->keys->snapshot();
    for (const auto& [domain, keys] : snapshot->domains)
        for (const KeyInUse& key : keys)
            if (only.empty() || domain == only)
                answer.rows.push_back({domain, key.row.selector, std::string(name_of(key.row.algorithm)),
                                       std::string(name_of(key.row.state)), to_rfc3339(key.row.since),
                                       note_of(key), key.row.sealed.empty() ? "" : key.row.server_key});
    return answer;
}

// Shows what is to be published, and asks the DNS whether it is; what is seen signs from then on.
net::Task<Result<Answer>> dns(Administered* of, Request request) {
    const std::string domain = CO_TRY(domain_of(of, request));
    const auto before = keys_of(of, domain);
    if (before.empty())
        co_return fail(Fault::not_found, domain + " has no keys: heliopost dkim create " + domain);
    const bool asks = static_cast<bool>(of->status);  // a server runs, and has a resolver
    if (asks) CO_TRY(co_await signing::activate_seen(of->world, of->keys, domain));
    Answer answer = keys_answer();
    answer.columns.emplace_back("dns");
    for (const KeyInUse& key : keys_of(of, domain)) {
        std::string seen = "not asked: no server runs";
        if (asks) seen = (co_await signing::look_for(of->world, key.row)).words;
        const bool goes = key.row.state == State::retired;
        answer.message += "; " + key.row.selector + ", " + std::string(name_of(key.row.state)) + ", " + seen +
                          (goes ? ": to be removed\n; " : "\n") + signing::zone_line(key.row) + "\n";
        answer.rows.push_back(row_of(key.row));
        answer.rows.back().emplace_back(seen);
    }
    if (answer.message.empty())  // while the DNS was asked
        co_return fail(Fault::not_found, domain + " has no keys any more");
    answer.message.pop_back();
    co_return answer;
}

}  // namespace

net::Task<Result<Answer>> run_dkim(Administered* of, Request request) {
    if (request.operation == "dkim.list") co_return list_keys(of, request);
    if (request.operation == "dkim.create") co_return co_await create(of, std::move(request));
    if (request.operation == "dkim.rotate") co_return co_await rotate(of, std::move(request));
    if (request.operation == "dkim.retire") co_return co_await retire(of, std::move(request));
    if (request.operation == "dkim.dns") co_return co_await dns(of, std::move(request));
    co_return std::unexpected(unknown_operation(request));
}

}  // namespace heliopost::admin
