#include "main/snapshot.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "main/running_server.h"
#include "main/user.h"
#include "net/system_clock.h"
#include "store/rocks_store.h"

namespace heliopost {
namespace {

Result<backup::Descriptor> lock_store(const std::string& directory) {
    backup::Descriptor held(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!held && errno == ENOENT) return fail(Fault::not_found, "there is no store at " + directory);
    if (!held) return std::unexpected(backup::failed("open", directory));
    if (::flock(held.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(Fault::exists, "another backup of " + directory + " is under way");
    return held;
}

std::optional<Result<std::string>> ask_for_checkpoint(const std::string& socket) {
    const Log log(LogFormat::logfmt, LogLevel::warning, net::system_now, stderr_sink());
    net::Cores cores(1, 1, log);
    const auto answer = ask_server(cores[0], socket, {"backup.checkpoint", {}});
    if (!answer) return std::nullopt;
    if (!*answer) return std::unexpected(answer->error());
    const auto& rows = (*answer)->rows;
    const auto* path =
        rows.size() == 1 && !rows[0].empty() ? std::get_if<std::string>(rows[0].data()) : nullptr;
    if (path == nullptr) return fail(Fault::internal, "the server gave no checkpoint");
    return *path;
}

Result<std::string> make_checkpoint(const ServerSettings& server) {
    TRY(become_user(server.user));
    store::RocksOptions options;
    options.path = server.data_directory;
    options.create = false;
    options.disk_reserve = 0;  // it adds no mail
    const auto store = TRY(store::RocksStore::open(std::move(options)));
    return store->checkpoint();
}

// In the child: its answer goes through the pipe, a first octet that says which it is.
[[noreturn]] void answer_and_end(int pipe, const ServerSettings& server) {
    std::string text;
    try {
        const auto made = make_checkpoint(server);
        text = made ? "+" + *made : "-" + made.error().text;
    } catch (const std::exception& error) {
        text = std::string("-") + error.what();
    }
    const bool told = ::write(pipe, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::_exit(told ? 0 : 1);
}

// Opening a store writes files, which are to be the server's; what reads them stays who it is.
Result<std::string> make_in_child(const ServerSettings& server) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(backup::failed("make", "a pipe"));
    const backup::Descriptor from(ends[0]);
    backup::Descriptor to(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return std::unexpected(backup::failed("start", "a process"));
    if (child == 0) answer_and_end(to.get(), server);
    {
        const backup::Descriptor closed = std::move(to);
    }
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (text.starts_with('+')) return text.substr(1);
    if (text.starts_with('-')) return fail(Fault::internal, text.substr(1));
    return fail(Fault::internal, "the store at " + server.data_directory + " could not be opened");
}

}  // namespace

Result<Snapshot> Snapshot::make(const ServerSettings& server) {
    auto lock = TRY(lock_store(server.data_directory));
    auto path = ask_for_checkpoint(server.admin_socket);
    if (!path) path = make_in_child(server);
    if (!*path) return std::unexpected(path->error());
    return Snapshot(std::move(lock), **path);
}

Snapshot::~Snapshot() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace heliopost
