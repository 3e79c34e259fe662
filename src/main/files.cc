#include "main/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "store/store_directory.h"

namespace heliopost {
namespace {

Error failed(const std::string& what, const std::string& file) {
    return {Fault::denied, "cannot " + what + " " + file + ": " + std::strerror(errno)};
}

}  // namespace

Result<void> write_file(const std::string& file, const std::string& octets, mode_t mode) {
    const std::string beside = file + ".new";
    ::unlink(beside.c_str());
    const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) return std::unexpected(failed("write", beside));
    const bool written = ::write(fd, octets.data(), octets.size()) == static_cast<ssize_t>(octets.size()) &&
                         ::fchmod(fd, mode) == 0 && ::fsync(fd) == 0;
    if (!written) {
        const Error error = failed("write", beside);
        ::close(fd);
        ::unlink(beside.c_str());
        return std::unexpected(error);
    }
    ::close(fd);
    if (::rename(beside.c_str(), file.c_str()) != 0) return std::unexpected(failed("replace", file));
    return {};
}

Result<std::string> read_file(const std::string& file, std::size_t octets_max) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return std::unexpected(failed("read", file));
    std::string octets(std::istreambuf_iterator<char>(in), {});
    if (octets.size() > octets_max) return fail(Fault::too_large, file + " is too large");
    return octets;
}

void make_private_directory(const std::string& directory) {
    if (!store::make_store_directory(directory)) return;  // who uses it says what is wrong
}

}  // namespace heliopost
