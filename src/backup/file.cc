#include "backup/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace heliopost::backup {

Error failed(const std::string& what, const std::string& path) {
    if (errno == ENOSPC || errno == EDQUOT)
        return {Fault::temporary, "the disk is full: cannot " + what + " " + path};
    return {Fault::denied, "cannot " + what + " " + path + ": " + std::strerror(errno)};
}

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}
Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

namespace {

// O_NONBLOCK: who opens a pipe by mistake must not wait for its writer.
int open_to_read(int below, const std::string& name) {
    return ::openat(below, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

int open_again(const Descriptor& opened, const std::string& path) {
    struct stat status{};
    if (::fstat(opened.get(), &status) == 0 && S_ISREG(status.st_mode))
        return ::fcntl(opened.get(), F_DUPFD_CLOEXEC, 0);
    return open_to_read(opened.get(), std::filesystem::path(path).filename().string());
}

}  // namespace

Result<InputFile> InputFile::open(const std::string& path, const Descriptor* opened) {
    Descriptor file(opened == nullptr ? open_to_read(AT_FDCWD, path) : open_again(*opened, path));
    if (!file) return std::unexpected(failed("read", path));
    struct stat status{};
    if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return fail(Fault::denied, path + " is not a file");
    return InputFile(std::move(file), path, status.st_mode & 0777U);
}

Result<std::string> InputFile::read() {
    std::string octets(read_octets, '\0');
    std::size_t got = 0;
    while (got < octets.size()) {
        const ssize_t now = ::pread(file_.get(), &octets[got], octets.size() - got, offset_);
        if (now < 0 && errno == EINTR) continue;
        if (now < 0) return std::unexpected(failed("read", path_));
        if (now == 0) break;
        got += static_cast<std::size_t>(now);
        offset_ += now;
    }
    octets.resize(got);
    return octets;
}

void InputFile::forget_cached() {
    ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_DONTNEED);
}

Result<OutputFile> OutputFile::create(const std::string& path) {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return std::unexpected(failed("write", path));
    return OutputFile(std::move(file), path);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : file_(std::move(other.file_)), path_(std::exchange(other.path_, {})) {}

OutputFile::~OutputFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

Result<> OutputFile::write(std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t now = ::write(file_.get(), octets.data(), octets.size());
        if (now < 0 && errno == EINTR) continue;
        if (now < 0) return std::unexpected(failed("write", path_));
        octets.remove_prefix(static_cast<std::size_t>(now));
    }
    return {};
}

Result<> OutputFile::finish() {
    if (::fsync(file_.get()) != 0) return std::unexpected(failed("write", path_));
    file_ = Descriptor();
    path_.clear();
    return {};
}

Result<Descriptor> open_directory(const Descriptor& below, const std::string& name, const std::string& path) {
    Descriptor directory(
        ::openat(below.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) return std::unexpected(failed("open", path));
    return directory;
}

Result<std::vector<std::string>> names_below(const Descriptor& directory, const std::string& path) {
    // Opened again: to read a directory moves the place in it, which a copy of the descriptor would share.
    const int again = ::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* open = again < 0 ? nullptr : ::fdopendir(again);
    if (open == nullptr) return std::unexpected(failed("read", path));
    std::vector<std::string> names;
    errno = 0;
    for (const dirent* entry = ::readdir(open); entry != nullptr; entry = ::readdir(open)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    const int error = errno;
    ::closedir(open);
    errno = error;
    if (error != 0) return std::unexpected(failed("read", path));
    return names;
}

Result<> sync_directory(const std::string& path) {
    const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) return std::unexpected(failed("write", path));
    return {};
}

Result<> make_directory(const std::string& path) {
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    if (!parent.empty()) std::filesystem::create_directories(parent, error);
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return std::unexpected(failed("make", path));
    return {};
}

Result<> rename(const std::string& from, const std::string& to) {
    if (std::rename(from.c_str(), to.c_str()) != 0) return std::unexpected(failed("rename", from));
    return {};
}

}  // namespace heliopost::backup
