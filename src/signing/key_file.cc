#include "signing/key_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "signing/server_key.h"

namespace heliopost::signing {
namespace {

constexpr mode_t others = 077;

std::string octal(mode_t mode) {
    std::string out;
    for (int shift = 6; shift >= 0; shift -= 3) out += static_cast<char>('0' + (mode >> shift & 7));
    return out;
}

KeyTrial try_there(const KeyFile& file, const std::vector<SealedKey>& sealed) {
    const std::string what = "the server key is there";
    if (file.error == ENOENT && sealed.empty())
        return {what, true, "not yet: serve makes " + file.name + "; then keep a copy elsewhere"};
    if (file.error == ENOENT)
        return {
            what, false,
            file.name + " is missing, and " + std::to_string(sealed.size()) +
                " keys were sealed with it: put your copy there and run `heliopost reload`; if it is lost, "
                "`heliopost dkim retire DOMAIN`, then `heliopost dkim create DOMAIN`"};
    if (file.error != 0)
        return {what, false,
                "cannot look at " + file.name + ": " + std::strerror(file.error) + "; run doctor as root"};
    if (!file.regular) return {what, false, file.name + " is no file: remove it, and put your copy there"};
    return {what, true, file.name};
}

KeyTrial try_mode(const KeyFile& file) {
    const bool good = (file.mode & others) == 0;
    return {"for its owner alone", good,
            good ? "mode " + octal(file.mode)
                 : "mode " + octal(file.mode) + ", others may get at it: chmod 600 " + file.name};
}

KeyTrial try_owner(const KeyFile& file, const KeyOwner& owner) {
    const std::string what = "owned by the server's user";
    if (!owner.uid)
        return {what, false, "server.user: there is no user \"" + owner.name + "\" on this system"};
    if (file.owner == *owner.uid) return {what, true, owner.name};
    return {what, false,
            "it is user " + std::to_string(file.owner) + "'s, the server could not read it: chown " +
                owner.name + " " + file.name};
}

KeyTrial try_size(const KeyFile& file) {
    const bool good = file.octets == ServerKey::file_octets;
    return {"as long as a key", good,
            std::to_string(file.octets) + " octets" +
                (good ? ""
                      : ", not " + std::to_string(ServerKey::file_octets) +
                            ": it is damaged or another file; put your copy there")};
}

KeyTrial try_right(const KeyFile& file, const std::vector<SealedKey>& sealed) {
    const auto is_other = [&](const SealedKey& one) { return one.server_key != file.id; };
    const auto first = std::ranges::find_if(sealed, is_other);
    const std::string what = "opens the stored keys";
    if (first == sealed.end())
        return {what, true, std::to_string(sealed.size()) + " keys, server key " + file.id};
    return {what, false,
            std::to_string(std::ranges::count_if(sealed, is_other)) + " of " + std::to_string(sealed.size()) +
                " were sealed with another one, " + first->name + " with " + first->server_key +
                ", and this is " + file.id + ": put that one there, or retire what it sealed"};
}

}  // namespace

KeyFile look_at_key_file(const std::string& name) {
    KeyFile file;
    file.name = name;
    struct stat status{};
    if (::stat(name.c_str(), &status) != 0) {
        file.error = errno;
        return file;
    }
    file.regular = S_ISREG(status.st_mode);
    file.mode = status.st_mode & 07777;
    file.owner = status.st_uid;
    file.octets = static_cast<std::uint64_t>(status.st_size);
    if (!file.regular) return file;
    if (const auto key = ServerKey::read(name)) file.id = key->id();
    return file;
}

std::vector<KeyTrial> try_key_file(const KeyFile& file, const KeyOwner& owner,
                                   const std::vector<SealedKey>& sealed) {
    std::vector<KeyTrial> all{try_there(file, sealed)};
    if (file.error != 0 || !file.regular) return all;
    all.push_back(try_mode(file));
    all.push_back(try_owner(file, owner));
    all.push_back(try_size(file));
    if (!file.id.empty()) all.push_back(try_right(file, sealed));
    return all;
}

}  // namespace heliopost::signing
