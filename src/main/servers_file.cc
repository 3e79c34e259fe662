#include "main/servers_file.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "main/user.h"

namespace heliopost {

namespace {

namespace fs = std::filesystem;
using backup::Descriptor;

// What this thread may do with files is what the user may, until the end of the scope. The kernel takes
// root's rights over files away with the id, and gives them back with it (capabilities(7)).
class RightsOf {
public:
    explicit RightsOf(const passwd& user) : before_(static_cast<std::size_t>(getgroups(0, nullptr))) {
        const bool known = getgroups(static_cast<int>(before_.size()), before_.data()) >= 0;
        int count = 0;
        getgrouplist(user.pw_name, user.pw_gid, nullptr, &count);
        std::vector<gid_t> groups(static_cast<std::size_t>(count));
        getgrouplist(user.pw_name, user.pw_gid, groups.data(), &count);
        in_force_ = known && set_groups(groups);
        setfsgid(user.pw_gid);
        setfsuid(user.pw_uid);
        // They say what was, never whether they failed: an id that nobody has changes nothing.
        in_force_ = in_force_ && static_cast<gid_t>(setfsgid(nobody)) == user.pw_gid &&
                    static_cast<uid_t>(setfsuid(nobody)) == user.pw_uid;
    }
    ~RightsOf() {
        setfsuid(geteuid());
        setfsgid(getegid());
        set_groups(before_);
    }
    RightsOf(const RightsOf&) = delete;
    RightsOf& operator=(const RightsOf&) = delete;

    bool in_force() const { return in_force_; }

private:
    static constexpr auto nobody = static_cast<uid_t>(-1);

    // Of this thread alone, which the library's setgroups() is not.
    static bool set_groups(const std::vector<gid_t>& groups) {
        return syscall(SYS_setgroups, groups.size(), groups.data()) == 0;
    }

    std::vector<gid_t> before_;
    bool in_force_ = false;
};

// In a folder such as /tmp others may add names, and not replace a directory of root's.
bool root_alone_changes(const fs::path& folder, const fs::path& entry) {
    struct stat found{}, below{};
    if (::stat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != 0) return false;
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) == 0) return true;
    return (found.st_mode & S_ISVTX) != 0 && ::lstat(entry.c_str(), &below) == 0 && S_ISDIR(below.st_mode) &&
           below.st_uid == 0;
}

// Each folder that a name is looked up in, those of the links on the way too.
bool root_alone_leads(const fs::path& path) {
    fs::path at = "/";
    std::vector<fs::path> rest;  // the next step last
    const auto go_on_with = [&](const fs::path& steps) {
        const std::vector<fs::path> parts(steps.begin(), steps.end());
        rest.insert(rest.end(), parts.rbegin(), parts.rend());
    };
    go_on_with(fs::absolute(path));
    for (std::size_t links = 0; !rest.empty();) {
        const fs::path next = rest.back().is_absolute() ? rest.back() : at / rest.back();
        if (!root_alone_changes(at, next)) return false;
        rest.pop_back();
        std::error_code error;
        if (!fs::is_symlink(next, error)) {
            at = next;
            continue;
        }
        if (++links > path_links_max) return false;
        go_on_with(fs::read_symlink(next, error));
        if (error) return false;
    }
    return true;
}

// O_NONBLOCK: who opens a pipe by mistake must not wait for its writer.
Result<Descriptor> open_file(const std::string& path) {
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return std::unexpected(backup::failed("read", path));
    struct stat found{};
    if (::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode))
        return fail(Fault::denied, path + " is not a file");
    return file;
}

}  // namespace

Result<Descriptor> open_servers_file(const std::string& path, const std::string& user) {
    if (user.empty() || geteuid() != 0) return open_file(path);
    const passwd* found = TRY(find_user(user));
    Result<Descriptor> file = fail(Fault::denied, "cannot read " + path + " as user \"" + user + "\"");
    {
        const RightsOf rights(*found);
        if (rights.in_force()) file = open_file(path);
    }
    if (file) return file;
    if (root_alone_leads(path)) return open_file(path);
    file.error().text += " (as user \"" + user + "\", for others than root may change the way to it)";
    return file;
}

}  // namespace heliopost
