#include "main/user.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace heliopost {

Result<void> become_user(const std::string& name) {
    if (name.empty() || geteuid() != 0) return {};
    const passwd* user = getpwnam(name.c_str());
    if (user == nullptr)
        return fail(Fault::not_found, "server.user: there is no user \"" + name + "\" on this system");
    if (initgroups(name.c_str(), user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        return fail(Fault::denied, "cannot become user \"" + name + "\": " + std::strerror(errno));
    return {};
}

}  // namespace heliopost
