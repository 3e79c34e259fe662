// The system calls that a running server needs; all others fail with EPERM. A list of what is allowed: what
// the kernel learns next year is refused, too.
#include <linux/fs.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "main/sandbox/sandbox.h"

namespace heliopost::sandbox {
namespace {

// Names, for libseccomp knows which a machine has: arm64 has no open and no epoll_wait.
constexpr const char* files[] = {
    "access", "chmod",           "close",      "close_range", "copy_file_range", "dup",      "dup2",
    "dup3",   "faccessat",       "faccessat2", "fadvise64",   "fallocate",       "fchmod",   "fchmodat",
    "fcntl",  "fdatasync",       "flock",      "fstat",       "fstatfs",         "fsync",    "ftruncate",
    "getcwd", "getdents",        "getdents64", "link",        "linkat",          "lseek",    "lstat",
    "mkdir",  "mkdirat",         "newfstatat", "open",        "openat",          "pipe2",    "pread64",
    "preadv", "pwrite64",        "pwritev",    "read",        "readahead",       "readlink", "readlinkat",
    "readv",  "rename",          "renameat",   "renameat2",   "rmdir",           "stat",     "statfs",
    "statx",  "sync_file_range", "truncate",   "umask",       "unlink",          "unlinkat", "utimensat",
    "write",  "writev",
};
constexpr const char* network[] = {
    "accept",     "accept4",  "bind",        "connect",     "epoll_create1", "epoll_ctl",  "epoll_pwait",
    "epoll_wait", "eventfd2", "getpeername", "getsockname", "getsockopt",    "listen",     "poll",
    "ppoll",      "pselect6", "recvfrom",    "recvmmsg",    "recvmsg",       "select",     "sendfile",
    "sendmmsg",   "sendmsg",  "sendto",      "setsockopt",  "shutdown",      "socketpair",
};
constexpr const char* process[] = {
    "arch_prctl",
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "exit",
    "exit_group",
    "futex",
    "get_robust_list",
    "getcpu",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrandom",
    "getrlimit",
    "getrusage",
    "gettid",
    "gettimeofday",
    "getuid",
    "ioprio_set",
    "madvise",
    "membarrier",
    "memfd_create",
    "mincore",
    "mlock",
    "mremap",
    "msync",
    "munlock",
    "munmap",
    "nanosleep",
    "pause",
    "prctl",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "sysinfo",
    "tgkill",
    "time",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    "times",
    "uname",
};
constexpr int families[] = {AF_UNIX, AF_INET, AF_INET6,
                            AF_NETLINK};  // netlink: getaddrinfo asks for addresses
constexpr unsigned long requests[] = {FIONBIO, FIONREAD, 0x5401 /* TCGETS: isatty */, FS_IOC_GETVERSION};

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

bool allow(scmp_filter_ctx filter, const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    return number == __NR_SCMP_ERROR || seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) == 0;
}

bool allow_if(scmp_filter_ctx filter, int number, scmp_arg_cmp condition) {
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, condition) == 0;
}

// Threads, no processes; our own families of sockets; no memory that is writable and executable.
bool allow_by_argument(scmp_filter_ctx filter) {
    bool good = true;
    for (const int family : families)
        good = allow_if(filter, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family))) &&
               good;
    for (const unsigned long request : requests)
        good = allow_if(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, request)) && good;
    good = allow_if(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) && good;
    // What clone3 is to do lies in memory, where no filter can look: ENOSYS makes the C library take clone.
    good = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 && good;
    // Libraries that are loaded late are mapped executable, and never made so.
    good = allow_if(filter, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE, 0)) && good;
    good =
        allow_if(filter, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC, PROT_WRITE)) &&
        good;
    good = allow_if(filter, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) && good;
    // One's own limits may be read, and no others set.
    good = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0),
                            SCMP_A2(SCMP_CMP_EQ, 0)) == 0 &&
           good;
    return good;
}

}  // namespace

Measure seal_system_calls() {
    Measure measure{"system calls", false, ""};
    const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release);
    if (filter == nullptr) {
        measure.detail = "libseccomp cannot make a filter here";
        return measure;
    }
    bool good = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1) == 0;
    good = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 && good;  // a tree, not a row
    for (const char* name : files) good = allow(filter.get(), name) && good;
    for (const char* name : network) good = allow(filter.get(), name) && good;
    for (const char* name : process) good = allow(filter.get(), name) && good;
    good = allow_by_argument(filter.get()) && good;
    const int failure = good ? seccomp_load(filter.get()) : -EINVAL;
    measure.in_force = failure == 0;
    measure.detail = failure == 0
                         ? "seccomp, " +
                               std::to_string(std::size(files) + std::size(network) + std::size(process)) +
                               " calls and a few by argument"
                         : std::string("seccomp: ") + std::strerror(-failure);
    return measure;
}

}  // namespace heliopost::sandbox
