// linux/Documentation/userspace-api/landlock.rst is the reference for versions, rights and structures.
#include "main/sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace heliopost::sandbox {
namespace {

// The structures as version 6 has them; an older kernel is given the front part.
struct RulesetAttributes {
    std::uint64_t handled_access_fs;
    std::uint64_t handled_access_net;  // 4
    std::uint64_t scoped;              // 6
};
struct PortAttributes {
    std::uint64_t allowed_access;
    std::uint64_t port;
};
constexpr int port_rule = 2;  // LANDLOCK_RULE_NET_PORT

constexpr std::uint64_t execute = LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t read_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t file_rights =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (1ULL << 14) | (1ULL << 15);
constexpr std::uint64_t bind_tcp = 1, connect_tcp = 2;
constexpr std::uint64_t scope_abstract_sockets = 1, scope_signals = 2;

// All rights over files that this version knows; execution is granted nowhere.
std::uint64_t all_rights(int version) {
    std::uint64_t rights = (1ULL << 13) - 1;
    if (version >= 2) rights |= 1ULL << 13;  // REFER
    if (version >= 3) rights |= 1ULL << 14;  // TRUNCATE
    if (version >= 5) rights |= 1ULL << 15;  // IOCTL_DEV
    return rights;
}

std::size_t attributes_size(int version) {
    if (version >= 6) return sizeof(RulesetAttributes);
    return version >= 4 ? 16 : 8;
}

class Ruleset {
public:
    Ruleset(int version, bool abstract_sockets) : rights_(all_rights(version)) {
        RulesetAttributes attributes{rights_, bind_tcp | connect_tcp,
                                     scope_signals | (abstract_sockets ? 0 : scope_abstract_sockets)};
        fd_ =
            static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, attributes_size(version), 0));
    }
    ~Ruleset() {
        if (fd_ >= 0) close(fd_);
    }
    Ruleset(const Ruleset&) = delete;
    Ruleset& operator=(const Ruleset&) = delete;

    bool allow_path(const std::string& path, std::uint64_t rights) {
        landlock_path_beneath_attr rule{};
        rule.parent_fd = open(path.c_str(), O_PATH | O_CLOEXEC);
        if (rule.parent_fd < 0) return errno == ENOENT || errno == ENOTDIR;
        struct stat status{};
        const bool directory = fstat(rule.parent_fd, &status) == 0 && S_ISDIR(status.st_mode);
        rule.allowed_access = rights & rights_ & (directory ? ~0ULL : file_rights);
        const bool added = syscall(SYS_landlock_add_rule, fd_, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
        close(rule.parent_fd);
        return added;
    }

    bool allow_port(std::uint16_t port, std::uint64_t access) {
        const PortAttributes rule{access, port};
        return syscall(SYS_landlock_add_rule, fd_, port_rule, &rule, 0) == 0;
    }

    bool enter() { return syscall(SYS_landlock_restrict_self, fd_, 0) == 0; }
    bool made() const { return fd_ >= 0; }
    std::uint64_t rights() const { return rights_; }

private:
    std::uint64_t rights_;
    int fd_ = -1;
};

bool allow_all(Ruleset& rules, const Plan& plan, int version) {
    bool good = true;
    for (const std::string& path : plan.readable) good = rules.allow_path(path, read_rights) && good;
    for (const std::string& path : plan.writable)
        good = rules.allow_path(path, rules.rights() & ~execute) && good;
    if (version < 4) return good;
    for (const std::uint16_t port : plan.listen) good = rules.allow_port(port, bind_tcp) && good;
    good = rules.allow_port(0, bind_tcp) && good;  // a source address is bound without a port
    for (const std::uint16_t port : plan.connect) good = rules.allow_port(port, connect_tcp) && good;
    return good;
}

}  // namespace

std::vector<Measure> confine_paths_and_ports(const Plan& plan) {
    const auto failed = [](const std::string& what) {
        const std::string why = what + ": " + std::strerror(errno);
        return std::vector<Measure>{{"paths", false, why}, {"ports", false, why}};
    };
    const auto version =
        static_cast<int>(syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
    if (version < 1) return failed("this kernel has no Landlock");
    Ruleset rules(version, plan.abstract_sockets);
    if (!rules.made()) return failed("landlock_create_ruleset");
    if (!allow_all(rules, plan, version)) return failed("landlock_add_rule");
    if (!rules.enter()) return failed("landlock_restrict_self");
    const std::string name = "Landlock version " + std::to_string(version);
    return {{"paths", true, name},
            {"ports", version >= 4, version >= 4 ? name : "needs Landlock version 4, this is " + name}};
}

}  // namespace heliopost::sandbox
