// alias.put, alias.remove, alias.list
#include <utility>

#include "base/text.h"
#include "server/admin/operations.h"

namespace heliopost::admin {

net::Task<Result<Answer>> run_alias(Administered* of, Request request) {
    if (request.operation == "alias.list") {
        Answer answer{"", {"address", "targets", "group"}, {}};
        for (const directory::Alias& alias :
             CO_TRY(co_await of->directory->aliases(request.field("domain")))) {
            std::string targets;
            for (const std::string& target : alias.targets) targets += (targets.empty() ? "" : " ") + target;
            answer.rows.push_back({alias.address, targets, alias.group});
        }
        co_return answer;
    }
    const std::string address = CO_TRY(request.required("address"));
    if (request.operation == "alias.put") {
        const std::string targets = CO_TRY(request.required("targets"));
        directory::Alias alias{address, {}, request.field("group") == "true"};
        for (const std::string_view target : split(targets, ' '))
            if (!target.empty()) alias.targets.emplace_back(target);
        CO_TRY(co_await of->directory->put_alias(std::move(alias)));
        co_return Answer{address + " goes to " + targets, {"address", "targets"}, {{address, targets}}};
    }
    if (request.operation == "alias.remove") {
        CO_TRY(co_await of->directory->remove_alias(address));
        co_return Answer{"removed alias " + address, {"address"}, {{address}}};
    }
    co_return std::unexpected(unknown_operation(request));
}

}  // namespace heliopost::admin
