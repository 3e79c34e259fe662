#include "backup/seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <algorithm>

#include "backup/file.h"
#include "base/assert.h"
#include "base/base64.h"

namespace heliopost::backup {
namespace {

constexpr std::size_t nonce_octets = 12;

unsigned char* raw(std::string& octets) {
    return reinterpret_cast<unsigned char*>(octets.data());
}
const unsigned char* raw(std::string_view octets) {
    return reinterpret_cast<const unsigned char*>(octets.data());
}

Secret derive(const Secret& from, std::string_view salt, std::string_view purpose) {
    const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr),
                                                                EVP_KDF_free);
    const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf.get()),
                                                                            EVP_KDF_CTX_free);
    ASSERT(context != nullptr);
    std::string digest = "SHA256", info(purpose), salted(salt), secret(from.view());
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salted.data(), salted.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
        OSSL_PARAM_construct_end()};
    Secret derived;
    ASSERT(EVP_KDF_derive(context.get(), derived.get(), Secret::octets, parameters) == 1);
    OPENSSL_cleanse(secret.data(), secret.size());
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

Result<Key> Key::read(const std::string& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) == 0 && (status.st_mode & 077) != 0)
        return fail(Fault::denied, "others may read the key " + file + ": chmod 600 it, or make a new one");
    InputFile in = TRY(InputFile::open(file));
    std::string octets = TRY(in.read());
    if (octets.size() != Secret::octets)
        return fail(Fault::syntax, file + " is no key: `heliopost backup --new-key FILE` makes one");
    const Key key{Secret(octets)};
    OPENSSL_cleanse(octets.data(), octets.size());
    return key;
}

Result<> Key::make(const std::string& file) {
    Secret secret;
    ASSERT(RAND_priv_bytes(secret.get(), Secret::octets) == 1);
    OutputFile out = TRY(OutputFile::create(file));
    TRY(out.write(secret.view()));
    return out.finish();
}

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
    Cipher(const Secret& key, std::string name)
        : key_(key), name_(std::move(name)), context_(EVP_CIPHER_CTX_new()) {
        ASSERT(context_ != nullptr);
    }

    std::string seal(std::string_view text, bool last) {
        std::string out(text.size() + tag_octets, '\0');
        start(last, 1);
        int length = 0;
        if (!text.empty())
            ASSERT(EVP_CipherUpdate(context_.get(), raw(out), &length, raw(text),
                                    static_cast<int>(text.size())) == 1);
        ASSERT(EVP_CipherFinal_ex(context_.get(), raw(out) + length, &length) == 1);
        ASSERT(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag_octets),
                                   raw(out) + text.size()) == 1);
        return out;
    }

    Result<std::string> open(std::string_view sealed, bool last) {
        const auto broken = [] { return fail(Fault::internal, "it is damaged, or sealed with another key"); };
        if (sealed.size() < tag_octets) return broken();
        const std::string_view text = sealed.substr(0, sealed.size() - tag_octets);
        std::string tag(sealed.substr(text.size())), out(text.size(), '\0');
        start(last, 0);
        int length = 0, more = 0;
        if (!text.empty() && EVP_CipherUpdate(context_.get(), raw(out), &length, raw(text),
                                              static_cast<int>(text.size())) != 1)
            return broken();
        if (EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag_octets),
                                tag.data()) != 1 ||
            EVP_CipherFinal_ex(context_.get(), raw(out) + length, &more) != 1)
            return broken();
        return out;
    }

private:
    void start(bool last, int sealing) {
        std::string nonce(nonce_octets, '\0');
        for (std::size_t i = 0; i < 8; ++i)
            nonce[nonce_octets - 1 - i] = static_cast<char>((chunk_ >> (8 * i)) & 0xff);
        const std::string bound = nonce + (last ? '\1' : '\0') + name_;
        ++chunk_;
        int length = 0;
        ASSERT(EVP_CipherInit_ex(context_.get(), EVP_aes_256_gcm(), nullptr, key_.get(), raw(nonce),
                                 sealing) == 1);
        ASSERT(EVP_CipherUpdate(context_.get(), nullptr, &length, raw(bound),
                                static_cast<int>(bound.size())) == 1);
    }

    const Secret key_;
    const std::string name_;
    std::uint64_t chunk_ = 0;
    std::unique_ptr<EVP_CIPHER_CTX, decltype([](EVP_CIPHER_CTX* c) { EVP_CIPHER_CTX_free(c); })> context_;
};

Sealer::Sealer(const Key& key, std::string name) : salt_(salt_octets, '\0') {
    ASSERT(RAND_bytes(raw(salt_), static_cast<int>(salt_.size())) == 1);
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
