#include "sim/ledger.h"

#include <algorithm>

namespace heliopost::sim {

std::string user_of(int number, const std::string& domain) {
    return "user" + std::to_string(number) + "@" + domain;
}

std::string domain_of(const std::string& address) {
    return address.substr(address.find('@') + 1);
}

std::map<std::string, std::vector<std::string>> aliases_of(std::size_t server,
                                                           const std::vector<std::string>& domains,
                                                           int users) {
    const std::string& here = domains[server];
    const std::string& next = domains[(server + 1) % domains.size()];
    std::vector<std::string> team{user_of(1, next)};
    for (int user = 1; user <= users; ++user) team.push_back(user_of(user, here));
    return {{"team@" + here, team}, {"away@" + here, {user_of(1, next)}}, {"loop@" + here, {"loop@" + next}}};
}

std::vector<std::string> accounts_behind(const std::string& address, const std::vector<std::string>& domains,
                                         int users) {
    const auto at = std::ranges::find(domains, domain_of(address));
    if (at == domains.end() || address.starts_with("loop@")) return {};
    for (int user = 1; user <= users; ++user)
        if (address == user_of(user, *at)) return {address};
    const auto aliases = aliases_of(static_cast<std::size_t>(at - domains.begin()), domains, users);
    const auto found = aliases.find(address);
    return found == aliases.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace heliopost::sim
