// Sealing: a file as AES-256-GCM, in chunks, so that it is written and read in one pass.
//
//   Sealer sealer(key, name);
//   out += sealer.begin(); ... out += sealer.add(octets); ... out += sealer.finish();
//   Opener opener(key, name);
//   plain += TRY(opener.add(octets)); ... plain += TRY(opener.finish());
//
// A sealed file is salt, then chunks: chunk_octets of text (fewer only in the last, which may be empty) and a
// tag of 16. Each file has a key of its own, HKDF-SHA-256 of the backup's key and the salt, so that a chunk's
// number is a nonce that never comes twice. The number, whether the chunk is the last, and the file's name
// are authenticated: chunks and files can be neither reordered, cut off, nor exchanged.
//
// Whoever has the key file can read all backups made with it, and without it nobody can. Keys are wiped from
// memory. RFC 5116 (AEAD), RFC 5869 (HKDF), NIST SP 800-38D.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/aead.h"

namespace heliopost::backup {

// 32 octets; wiped when it ends.
class Secret {
public:
    static constexpr std::size_t octets = 32;
    Secret() = default;
    explicit Secret(std::string_view from);  // exactly 32 octets
    ~Secret();
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;
    const unsigned char* get() const { return octets_.data(); }
    unsigned char* get() { return octets_.data(); }
    std::string_view view() const { return {reinterpret_cast<const char*>(octets_.data()), octets}; }

private:
    std::array<unsigned char, octets> octets_{};
};

class Key {
public:
    explicit Key(const Secret& secret);

    // A file of 32 octets that nobody but its owner may read.
    static Result<Key> read(const std::string& file);
    // Writes a new one; the file must not be there.
    static Result<> make(const std::string& file);

    // 16 octets as hexadecimal digits: which key it is, without saying anything of it.
    const std::string& id() const { return id_; }
    // What an object with this SHA-256 is called: without the key nobody can tell what it holds.
    std::string object_name(std::string_view sha256) const;
    Secret file_key(std::string_view salt) const;

private:
    Secret secret_;
    Secret names_;
    std::string id_;
};

inline constexpr std::size_t salt_octets = 32, tag_octets = crypto::aead_tag_octets;
inline constexpr std::size_t chunk_octets = std::size_t{1} << 20;

class Cipher;

class Sealer {
public:
    Sealer(const Key& key, std::string name);
    ~Sealer();
    std::string begin();  // what the file begins with
    std::string add(std::string_view octets);
    std::string finish();

private:
    std::string salt_;
    std::unique_ptr<Cipher> cipher_;
    std::string waiting_;
};

class Opener {
public:
    Opener(const Key& key, std::string name);
    ~Opener();
    // Fails with Fault::internal where an octet is not what was sealed; nothing of its chunk is given.
    Result<std::string> add(std::string_view octets);
    Result<std::string> finish();

private:
    const Key& key_;
    const std::string name_;
    std::unique_ptr<Cipher> cipher_;  // once the salt is read
    std::string waiting_;
};

}  // namespace heliopost::backup
