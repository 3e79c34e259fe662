#include "main/snapshot.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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

bool is_file(const backup::Descriptor& below, const std::string& name) {
    struct stat status{};
    return ::fstatat(below.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

// The directory of this name in the data directory, and no link to another, with what opens a store.
Result<backup::Descriptor> open_checkpoint(const backup::Descriptor& store, const std::string& path) {
    auto files = TRY(backup::open_directory(store, store::checkpoint_name, path));
    const auto names = TRY(backup::names_below(files, path));
    const bool has_manifest = std::ranges::any_of(names, [&](const std::string& name) {
        return name.starts_with("MANIFEST-") && is_file(files, name);
    });
    if (!has_manifest || !is_file(files, "CURRENT")) return fail(Fault::denied, path + " holds no store");
    return files;
}

}  // namespace

Result<Snapshot> Snapshot::make(const ServerSettings& server) {
    namespace fs = std::filesystem;
    auto store = TRY(lock_store(server.data_directory));
    auto made = ask_for_checkpoint(server.admin_socket);
    if (!made) made = make_in_child(server);
    if (!*made) return std::unexpected(made->error());
    const fs::path own = (fs::absolute(server.data_directory) / store::checkpoint_name).lexically_normal();
    if (fs::path(**made).lexically_normal() != own)
        return fail(Fault::denied, "the server behind " + server.admin_socket +
                                       " made its checkpoint elsewhere than " + own.string() +
                                       ": it runs with another configuration, or was tampered with");
    auto files = TRY(open_checkpoint(store, own.string()));
    return Snapshot(std::move(store), std::move(files), own.string());
}

// By name below what is open: no link is followed. A checkpoint has no directories in it.
Snapshot::~Snapshot() {
    if (!files_) return;
    const auto names = backup::names_below(files_, path_);
    if (!names) return;
    for (const std::string& name : *names) ::unlinkat(files_.get(), name.c_str(), 0);
    ::unlinkat(store_.get(), store::checkpoint_name, AT_REMOVEDIR);
}

}  // namespace heliopost
