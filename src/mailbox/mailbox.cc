#include "mailbox/mailbox.h"

#include <array>

#include "base/text.h"

namespace heliopost::mailbox {
namespace {

// In the order of Role.
constexpr auto names =
    std::to_array<std::string_view>({"", "", "\\Drafts", "\\Sent", "\\Junk", "\\Trash", "\\Archive"});

}  // namespace

std::string_view special_use(Role role) {
    return names.at(static_cast<std::size_t>(role));
}

Role role_of(std::string_view special_use) {
    if (special_use.empty()) return Role::none;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (same_ignoring_case(names[i], special_use)) return static_cast<Role>(i);
    return Role::none;
}

}  // namespace heliopost::mailbox
