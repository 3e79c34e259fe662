// What an intruder would try first, tried by ourselves.
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "main/sandbox/sandbox.h"

namespace heliopost::sandbox {
namespace {

// Refused is EPERM or EACCES; all else says that the system would have done it.
Measure refused(std::string name, bool failed) {
    const int why = errno;
    const bool in_force = failed && (why == EPERM || why == EACCES);
    if (in_force) return {std::move(name), true, std::string("refused: ") + std::strerror(why)};
    return {std::move(name), false, failed ? std::string("not refused: ") + std::strerror(why) : "it worked"};
}

Measure run_a_program() {
    // The file does not exist: a kernel that looks for it would have run it.
    char name[] = "/nonexistent/program";
    char* const arguments[] = {name, nullptr};
    return refused("run a program", execv(name, arguments) != 0);
}

Measure make_a_process() {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    const Measure measure = refused("make a process", child < 0);
    if (child > 0) waitpid(child, nullptr, 0);
    return measure;
}

Measure open_file(const char* what, const char* path, int flags) {
    const int fd = open(path, flags | O_CLOEXEC, 0600);
    const Measure measure = refused(what, fd < 0);
    if (fd < 0) return measure;
    close(fd);
    if ((flags & O_CREAT) != 0) unlink(path);
    return measure;
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// A port that the plan does not have.
std::uint16_t strange(const std::vector<std::uint16_t>& known) {
    std::uint16_t port = 61999;
    while (std::ranges::find(known, port) != known.end()) --port;
    return port;
}

template <typename Call>
Measure with_socket(const char* what, Call call, std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    if (fd < 0) return refused(what, true);  // as far as it got
    const Measure measure =
        refused(what, call(fd, reinterpret_cast<const sockaddr*>(&address), socklen_t{sizeof address}) != 0);
    close(fd);
    return measure;
}

Measure open_other_socket() {
    const int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    const Measure measure = refused("open a socket of another family", fd < 0);
    if (fd >= 0) close(fd);
    return measure;
}

Measure write_code() {
    void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const Measure measure = refused("map memory to write and run", page == MAP_FAILED);
    if (page != MAP_FAILED) munmap(page, 4096);
    return measure;
}

Measure dump_core() {
    rlimit limit{};
    const bool none = getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0;
    const bool dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
    return {"dump core", none && !dumpable, none && !dumpable ? "not dumpable" : "dumpable"};
}

Measure gain_privileges() {
    const bool barred = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    return {"gain privileges", barred, barred ? "no_new_privs is set" : "no_new_privs is not set"};
}

}  // namespace

std::vector<Measure> probe(const Plan& plan) {
    return {run_a_program(),
            make_a_process(),
            refused("trace a process", ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0),
            refused("signal another process", kill(getppid(), 0) != 0),
            open_file("list a home directory", "/root", O_RDONLY | O_DIRECTORY),
            open_file("write a file elsewhere", "/tmp/heliopost-probe", O_WRONLY | O_CREAT | O_EXCL),
            with_socket("listen on another port", bind, strange(plan.listen)),
            with_socket("connect to another port", connect, strange(plan.connect)),
            open_other_socket(),
            write_code(),
            dump_core(),
            gain_privileges()};
}

}  // namespace heliopost::sandbox
