#include "main/first_account.h"

#include "main/run_task.h"
#include "proto/smtp/address.h"

namespace heliopost {

Result<void> add_first_account(Program& program, const std::string& address, const std::string& password) {
    const auto parsed = TRY(smtp::parse_address(address));
    auto& directory = program.directory();
    auto& world = program.world();
    const bool first = !directory.is_local_domain(parsed.domain);
    if (first) TRY(run_task(world, directory.add_domain(parsed.domain)));
    directory::NewAccount account;
    account.address = address;
    account.password = password;
    TRY(run_task(world, directory.add_account(std::move(account), &mailbox::Accounts::create)));
    for (const char* role : {"postmaster", "abuse"}) {  // RFC 2142 §2, §4
        if (parsed.local_part == role) continue;
        TRY(run_task(world,
                     directory.put_alias({std::string(role) + "@" + parsed.domain, {address}, false})));
    }
    return {};
}

}  // namespace heliopost
