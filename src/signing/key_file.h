// KeyFile: the server key's file as it lies there, and what is wrong with it: `heliopost doctor`.
//
// server_key.h refuses what is wrong; this says all of it at once, before a server finds out at its start.
// Reads the file system, makes and changes nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace heliopost::signing {

struct KeyFile {
    std::string name;
    int error = 0;         // errno; 0: it is there
    bool regular = false;  // a file, and no directory or device
    mode_t mode = 0;
    uid_t owner = 0;
    std::uint64_t octets = 0;
    std::string id;  // of the key in it; empty where that cannot be read
};
KeyFile look_at_key_file(const std::string& name);

// What the store holds, sealed with one server key.
struct SealedKey {
    std::string name;        // of its DNS record
    std::string server_key;  // ServerKey::id()
};

// Whom the server runs as.
struct KeyOwner {
    std::string name;          // for chown
    std::optional<uid_t> uid;  // none: there is no such user
};

struct KeyTrial {
    std::string what;
    bool good = false;
    std::string advice;  // one line: what it is, or what to do
};

// A line for each of: there, for its owner alone, owned by the server, as long as one, and the right one.
// What cannot be tried is left out.
std::vector<KeyTrial> try_key_file(const KeyFile& file, const KeyOwner& owner,
                                   const std::vector<SealedKey>& sealed);

}  // namespace heliopost::signing
