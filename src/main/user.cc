#include "main/user.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "backup/file.h"

namespace heliopost {

namespace {

// By descriptors, for the folders may be the user's already: a name that it replaces by a link while root
// walks must not lead root to somebody else's file.
struct Giving {
    uid_t user;
    gid_t group;
    const std::string& name;

    Result<void> give(int below, const std::string& entry, const std::string& path, std::size_t depth) const {
        const backup::Descriptor one(openat(below, entry.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat found{};
        if (!one || fstat(one.get(), &found) != 0) return errno == ENOENT ? Result<void>() : failed(path);
        if (fchownat(one.get(), "", user, group, AT_EMPTY_PATH) != 0) return failed(path);
        if (!S_ISDIR(found.st_mode)) return {};
        if (depth == given_depth_max) return fail(Fault::too_large, path + " is too deep to be given away");
        for (const std::string& each : TRY(backup::names_below(one, path)))
            TRY(give(one.get(), each, path + "/" + each, depth + 1));
        return {};
    }

private:
    std::unexpected<Error> failed(const std::string& path) const {
        return fail(Fault::denied,
                    "cannot give " + path + " to user \"" + name + "\": " + std::strerror(errno));
    }
};

}  // namespace

Result<const passwd*> find_user(const std::string& name) {
    if (const passwd* user = getpwnam(name.c_str()); user != nullptr) return user;
    return fail(Fault::not_found, "server.user: there is no user \"" + name + "\" on this system");
}

Result<void> become_user(const std::string& name) {
    if (name.empty() || geteuid() != 0) return {};
    const passwd* user = TRY(find_user(name));
    if (initgroups(name.c_str(), user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        return fail(Fault::denied, "cannot become user \"" + name + "\": " + std::strerror(errno));
    return {};
}

// The capability is kept over setuid(), which takes all others away. A container may come without the right
// to read alone, but with the one to read and write.
Result<void> become_reading_user(const std::string& name) {
    if (name.empty() || geteuid() != 0) return {};
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> rights{};
    const auto failed = [&] {
        return fail(Fault::denied,
                    "cannot become user \"" + name + "\" that reads the backup: " + std::strerror(errno));
    };
    if (syscall(SYS_capget, &header, rights.data()) != 0 || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
        return failed();
    TRY(become_user(name));
    if (geteuid() == 0) return {};
    constexpr std::uint32_t read = 1U << CAP_DAC_READ_SEARCH, read_and_write = 1U << CAP_DAC_OVERRIDE;
    const std::uint32_t had = rights[0].permitted;
    const std::uint32_t kept = had & ((had & read) != 0 ? read : read_and_write);
    rights = {};
    rights[0].permitted = rights[0].effective = kept;
    if (syscall(SYS_capset, &header, rights.data()) != 0) return failed();
    return {};
}

Result<void> give_to_user(const std::string& path, const std::string& name) {
    if (name.empty() || geteuid() != 0) return {};
    const passwd* user = TRY(find_user(name));
    return Giving{user->pw_uid, user->pw_gid, name}.give(AT_FDCWD, path, path, 0);
}

Result<void> lend_to_user(const std::string& file, const std::string& name) {
    if (name.empty() || geteuid() != 0) return {};
    const passwd* user = TRY(find_user(name));
    if (lchown(file.c_str(), 0, user->pw_gid) == 0) return {};
    return fail(Fault::denied, "cannot let user \"" + name + "\" read " + file + ": " + std::strerror(errno));
}

}  // namespace heliopost
