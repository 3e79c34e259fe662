// ServerKey: what seals the secrets that the store keeps, so that the store alone, or a backup of it, gives
// none of them away.
//
// A file of 32 random octets, mode 0600. What is sealed is bound to its name: a record put in another one's
// place does not open. AES-256-GCM under a key derived from the file's, a random nonce in front. Files are
// read and made in place: before the loops run, or for an administrator's command. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace heliopost::signing {

class ServerKey {
public:
    static constexpr std::size_t file_octets = 32;

    // Fault::not_found where it is not there, Fault::denied where others may read it.
    static Result<ServerKey> read(const std::string& file);
    // Writes a new one; the file must not be there.
    static Result<ServerKey> make(const std::string& file);

    // 16 hexadecimal digits: which key it is, without saying anything of it.
    const std::string& id() const { return id_; }
    std::string seal(std::string_view name, std::string_view text) const;
    Result<Secret> open(std::string_view name, std::string_view sealed) const;

private:
    explicit ServerKey(std::string_view octets);

    Secret sealing_;
    std::string id_;
};

}  // namespace heliopost::signing
