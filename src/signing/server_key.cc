#include "signing/server_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/assert.h"
#include "base/base64.h"
#include "crypto/aead.h"

namespace heliopost::signing {
namespace {

Error failed_at(const std::string& what, const std::string& file) {
    const Fault fault = errno == ENOENT   ? Fault::not_found
                        : errno == ENOSPC ? Fault::temporary
                                          : Fault::denied;
    return {fault, "cannot " + what + " the server key " + file + ": " + std::strerror(errno)};
}

class File {
public:
    explicit File(int fd) : fd_(fd) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

Secret derived(std::string_view from, std::string_view purpose) {
    std::array<unsigned char, crypto::aead_key_octets> octets{};
    crypto::derive_key(from, "", purpose, octets);
    std::string text(octets.begin(), octets.end());
    octets.fill(0);
    return Secret::take(text);
}

// The file and its name in the directory: both must be on the disk before a key that it seals is.
bool sync_with_name(int fd, const std::string& file) {
    if (::fsync(fd) != 0) return false;
    const std::string folder = std::filesystem::absolute(file).parent_path();
    const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return directory.get() >= 0 && ::fsync(directory.get()) == 0;
}

}  // namespace

ServerKey::ServerKey(std::string_view octets)
    : sealing_(derived(octets, "heliopost server key: seal")),
      id_(to_hex(derived(octets, "heliopost server key: id").view().substr(0, 8))) {}

Result<ServerKey> ServerKey::read(const std::string& name) {
    const File file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return std::unexpected(failed_at("read", name));
    if ((status.st_mode & 077) != 0)
        return fail(Fault::denied, "others may read the server key " + name + ": chmod 600 " + name);
    std::string octets(file_octets + 1, '\0');
    const auto count = ::read(file.get(), octets.data(), octets.size());
    if (count < 0) return std::unexpected(failed_at("read", name));
    if (count != static_cast<ssize_t>(file_octets)) {
        wipe(octets);
        return fail(Fault::syntax, name + " is no server key: it has 32 octets");
    }
    octets.resize(file_octets);
    ServerKey key{octets};
    wipe(octets);
    return key;
}

Result<ServerKey> ServerKey::make(const std::string& name) {
    const File file(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) return std::unexpected(failed_at("make", name));
    std::string octets = crypto::random_octets(file_octets);
    const bool written =
        ::write(file.get(), octets.data(), octets.size()) == static_cast<ssize_t>(file_octets) &&
        sync_with_name(file.get(), name);
    if (!written) {
        wipe(octets);
        const Error error = failed_at("make", name);
        ::unlink(name.c_str());
        return std::unexpected(error);
    }
    ServerKey key{octets};
    wipe(octets);
    return key;
}

std::string ServerKey::seal(std::string_view name, std::string_view text) const {
    const std::string nonce = crypto::random_octets(crypto::aead_nonce_octets);
    return nonce + crypto::Aead(sealing_.view()).seal(nonce, name, text);
}

Result<Secret> ServerKey::open(std::string_view name, std::string_view sealed) const {
    if (sealed.size() < crypto::aead_nonce_octets) return fail(Fault::internal, "it is cut off");
    return Secret::take(TRY(crypto::Aead(sealing_.view())
                                .open(sealed.substr(0, crypto::aead_nonce_octets), name,
                                      sealed.substr(crypto::aead_nonce_octets))));
}

}  // namespace heliopost::signing
