// domain.add, domain.remove, domain.list, domain.catch_all
#include <utility>

#include "directory/names.h"
#include "server/admin/operations.h"

namespace heliopost::admin {

namespace {

net::Task<Result<void>> forget_keys(Administered* of, std::string domain) {
    std::vector<directory::DkimKey> rows;
    const auto snapshot = of->keys->snapshot();
    if (const auto at = snapshot->domains.find(domain); at != snapshot->domains.end())
        for (const signing::KeyInUse& key : at->second) rows.push_back(key.row);
    if (rows.empty()) co_return Result<void>();
    co_return co_await of->keys->forget(std::move(rows));
}

}  // namespace

net::Task<Result<Answer>> run_domain(Administered* of, Request request) {
    if (request.operation == "domain.list") {
        Answer answer{"", {"domain", "catch_all"}, {}};
        for (const directory::Domain& domain : of->directory->domains())
            answer.rows.push_back({domain.name, domain.catch_all});
        co_return answer;
    }
    const std::string name = CO_TRY(request.required("name"));
    if (request.operation == "domain.add") {
        const auto domain = CO_TRY(co_await of->directory->add_domain(name));
        co_return Answer{"added domain " + domain.name, {"domain"}, {{domain.name}}};
    }
    if (request.operation == "domain.remove") {
        const std::string domain = CO_TRY(directory::parse_domain(name));
        CO_TRY(co_await of->directory->remove_domain(name));
        CO_TRY(co_await forget_keys(of, domain));
        co_return Answer{"removed domain " + name, {"domain"}, {{name}}};
    }
    if (request.operation == "domain.catch_all") {
        const std::string address = request.field("address");
        CO_TRY(co_await of->directory->set_catch_all(name, address));
        co_return Answer{address.empty() ? "unknown addresses of " + name + " are refused"
                                         : "unknown addresses of " + name + " go to " + address,
                         {"domain", "catch_all"},
                         {{name, address}}};
    }
    co_return std::unexpected(unknown_operation(request));
}

}  // namespace heliopost::admin
