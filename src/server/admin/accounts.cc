// account.add, account.list, account.password, account.quota, account.remove
#include <utility>

#include "base/text.h"
#include "server/admin/operations.h"

namespace heliopost::admin {
namespace {

net::Task<Result<Answer>> list(Administered* of, std::string domain) {
    Answer answer{"", {"address", "name", "quota_octets", "used_octets", "messages", "disabled"}, {}};
    const auto accounts = CO_TRY(co_await of->directory->accounts(std::move(domain)));
    for (const directory::Account& account : accounts) {
        const auto used = co_await of->accounts->open(account.id)->quota();
        answer.rows.push_back({account.address, account.display_name,
                               static_cast<std::int64_t>(account.quota_octets),
                               used ? static_cast<std::int64_t>(used->octets) : -1,
                               used ? static_cast<std::int64_t>(used->emails) : -1, account.disabled});
    }
    co_return answer;
}

Result<std::uint64_t> octets_of(const Request& request) {
    const std::string text = request.field("quota_octets");
    if (text.empty()) return std::uint64_t{0};
    const auto octets = to_number(text);
    if (!octets) return fail(Fault::syntax, "quota_octets is no number of octets");
    return *octets;
}

}  // namespace

net::Task<Result<Answer>> run_account(Administered* of, Request request) {
    if (request.operation == "account.list") co_return co_await list(of, request.field("domain"));
    const std::string address = CO_TRY(request.required("address"));
    if (request.operation == "account.add") {
        directory::NewAccount wanted;
        wanted.address = address;
        wanted.display_name = request.field("name");
        wanted.password = CO_TRY(request.required("password"));
        wanted.quota_octets = CO_TRY(octets_of(request));
        const auto account =
            CO_TRY(co_await of->directory->add_account(std::move(wanted), &mailbox::Accounts::create));
        co_return Answer{"added account " + account.address, {"address"}, {{account.address}}};
    }
    if (request.operation == "account.password") {
        const std::string password = CO_TRY(request.required("password"));
        CO_TRY(co_await of->directory->set_password(address, password));
        co_return Answer{"changed the password of " + address, {"address"}, {{address}}};
    }
    if (request.operation == "account.quota") {
        const std::uint64_t octets = CO_TRY(octets_of(request));
        CO_TRY(co_await of->directory->set_quota(address, octets));
        co_return Answer{octets == 0 ? address + " has no quota"
                                     : address + " may keep " + std::to_string(octets) + " octets",
                         {"address", "quota_octets"},
                         {{address, static_cast<std::int64_t>(octets)}}};
    }
    if (request.operation == "account.remove") {
        CO_TRY(co_await of->directory->remove_account(address));
        if (of->account_removed) of->account_removed();
        co_return Answer{"removed account " + address, {"address"}, {{address}}};
    }
    co_return std::unexpected(unknown_operation(request));
}

}  // namespace heliopost::admin
