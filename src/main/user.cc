#include "main/user.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace heliopost {

namespace {

Result<const passwd*> find_user(const std::string& name) {
    if (const passwd* user = getpwnam(name.c_str()); user != nullptr) return user;
    return fail(Fault::not_found, "server.user: there is no user \"" + name + "\" on this system");
}

}  // namespace

Result<void> become_user(const std::string& name) {
    if (name.empty() || geteuid() != 0) return {};
    const passwd* user = TRY(find_user(name));
    if (initgroups(name.c_str(), user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        return fail(Fault::denied, "cannot become user \"" + name + "\": " + std::strerror(errno));
    return {};
}

Result<void> give_to_user(const std::string& path, const std::string& name) {
    namespace fs = std::filesystem;
    if (name.empty() || geteuid() != 0) return {};
    const passwd* user = TRY(find_user(name));
    const auto give = [&](const fs::path& one) -> Result<void> {
        if (lchown(one.c_str(), user->pw_uid, user->pw_gid) == 0 || errno == ENOENT) return {};
        return fail(Fault::denied,
                    "cannot give " + one.string() + " to user \"" + name + "\": " + std::strerror(errno));
    };
    TRY(give(path));
    std::error_code error;
    if (!fs::is_directory(fs::symlink_status(path, error))) return {};
    for (const auto& entry : fs::recursive_directory_iterator(path, error)) TRY(give(entry.path()));
    return {};
}

Result<void> lend_to_user(const std::string& file, const std::string& name) {
    if (name.empty() || geteuid() != 0) return {};
    const passwd* user = TRY(find_user(name));
    if (lchown(file.c_str(), 0, user->pw_gid) == 0) return {};
    return fail(Fault::denied, "cannot let user \"" + name + "\" read " + file + ": " + std::strerror(errno));
}

}  // namespace heliopost
