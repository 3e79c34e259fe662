#include "backup/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/assert.h"
#include "base/base64.h"
#include "crypto/aead.h"

namespace heliopost::backup {
namespace {

unsigned char* raw(std::string& octets) {
    return reinterpret_cast<unsigned char*>(octets.data());
}
const unsigned char* raw(std::string_view octets) {
    return reinterpret_cast<const unsigned char*>(octets.data());
}

Secret derive(const Secret& from, std::string_view salt, std::string_view purpose) {
    Secret derived;
    crypto::derive_key(from.view(), salt, purpose, {derived.get(), Secret::octets});
    return derived;
}

}  // namespace

Secret::Secret(std::string_view from) {
    ASSERT(from.size() == octets);
    std::ranges::copy(from, octets_.begin());
}
Secret::~Secret() {
    OPENSSL_cleanse(octets_.data(), octets_.size());
}

Key::Key(const Secret& secret)
    : secret_(secret),
      names_(derive(secret, "", "heliopost backup names")),
      id_(to_hex(derive(secret, "", "heliopost backup key id").view().substr(0, 16))) {}

std::string Key::object_name(std::string_view sha256) const {
    std::string mac(32, '\0');
    unsigned length = 0;
    ASSERT(HMAC(EVP_sha256(), names_.get(), Secret::octets, raw(sha256), sha256.size(), raw(mac), &length) !=
           nullptr);
    return to_hex(mac);
}

Secret Key::file_key(std::string_view salt) const {
    return derive(secret_, salt, "heliopost backup file");
}

// One file's key, and which chunk is next.
class Cipher {
public:
    Cipher(const Secret& key, std::string name) : aead_(key.view()), name_(std::move(name)) {}

    std::string seal(std::string_view text, bool last) {
        const std::string nonce = next_nonce();
        return aead_.seal(nonce, bound(nonce, last), text);
    }

    Result<std::string> open(std::string_view sealed, bool last) {
        const std::string nonce = next_nonce();
        return aead_.open(nonce, bound(nonce, last), sealed);
    }

private:
    std::string next_nonce() {
        std::string nonce(crypto::aead_nonce_octets, '\0');
        for (std::size_t i = 0; i < 8; ++i)
            nonce[nonce.size() - 1 - i] = static_cast<char>((chunk_ >> (8 * i)) & 0xff);
        ++chunk_;
        return nonce;
    }
    std::string bound(const std::string& nonce, bool last) const {
        return nonce + (last ? '\1' : '\0') + name_;
    }

    crypto::Aead aead_;
    const std::string name_;
    std::uint64_t chunk_ = 0;
};

Sealer::Sealer(const Key& key, std::string name) : salt_(crypto::random_octets(salt_octets)) {
    cipher_ = std::make_unique<Cipher>(key.file_key(salt_), std::move(name));
}
Sealer::~Sealer() = default;

std::string Sealer::begin() {
    return salt_;
}

// A full chunk waits until more comes: it may be the last.
std::string Sealer::add(std::string_view octets) {
    std::string out;
    while (!octets.empty()) {
        if (waiting_.size() == chunk_octets) {
            out += cipher_->seal(waiting_, false);
            waiting_.clear();
        }
        const auto part = octets.substr(0, chunk_octets - waiting_.size());
        waiting_ += part;
        octets.remove_prefix(part.size());
    }
    return out;
}

std::string Sealer::finish() {
    return cipher_->seal(waiting_, true);
}

Opener::Opener(const Key& key, std::string name) : key_(key), name_(std::move(name)) {}
Opener::~Opener() = default;

Result<std::string> Opener::add(std::string_view octets) {
    std::string out;
    while (!octets.empty()) {
        const std::size_t full = cipher_ == nullptr ? salt_octets : chunk_octets + tag_octets;
        if (waiting_.size() == full) {
            out += TRY(cipher_->open(waiting_, false));
            waiting_.clear();
        }
        const auto part = octets.substr(0, full - waiting_.size());
        waiting_ += part;
        octets.remove_prefix(part.size());
        if (cipher_ == nullptr && waiting_.size() == salt_octets) {
            cipher_ = std::make_unique<Cipher>(key_.file_key(waiting_), name_);
            waiting_.clear();
        }
    }
    return out;
}

Result<std::string> Opener::finish() {
    if (cipher_ == nullptr) return fail(Fault::internal, "it is cut off");
    return cipher_->open(waiting_, true);
}

}  // namespace heliopost::backup
