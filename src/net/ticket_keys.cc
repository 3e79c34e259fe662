#include "net/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/assert.h"

namespace heliopost::net {
namespace {

template <size_t size>
void fill(std::array<unsigned char, size>& octets) {
    const int filled = RAND_bytes(octets.data(), static_cast<int>(size));
    ASSERT(filled == 1);
}

int set_mac(EVP_MAC_CTX* mac, TicketKeys::Key& key) {
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters);
}

int ex_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 done, 2 done and the ticket should be renewed, 0 no such key.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int seal) {
    auto* const keys = static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ex_index()));
    if (seal != 0) {
        TicketKeys::Key key = keys->newest();
        std::ranges::copy(key.name, name);
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
        const int set = EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv);
        return set == 1 && set_mac(mac, key) == 1 ? 1 : -1;
    }
    std::optional<TicketKeys::Found> found = keys->find(name);
    if (!found) return 0;
    const int set = EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, found->key.cipher.data(), iv);
    if (set != 1 || set_mac(mac, found->key) != 1) return -1;
    return found->newest ? 1 : 2;
}

}  // namespace

void TicketKeys::rotate() {
    const auto now = std::chrono::steady_clock::now();
    while (!keys_.empty() && now - keys_.back().made > key_lifetime * keys_max) keys_.pop_back();
    if (!keys_.empty() && now - keys_.front().made < key_lifetime) return;
    Key key;
    fill(key.name);
    fill(key.cipher);
    fill(key.mac);
    key.made = now;
    keys_.push_front(key);
    if (keys_.size() > keys_max) keys_.pop_back();
}

TicketKeys::Key TicketKeys::newest() {
    const std::lock_guard lock(mutex_);
    rotate();
    return keys_.front();
}

std::optional<TicketKeys::Found> TicketKeys::find(const unsigned char* name) {
    const std::lock_guard lock(mutex_);
    rotate();
    for (const Key& key : keys_)
        if (std::equal(key.name.begin(), key.name.end(), name)) return Found{key, &key == &keys_.front()};
    return std::nullopt;
}

void TicketKeys::serve(SSL_CTX* context) {
    SSL_CTX_set_ex_data(context, ex_index(), this);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

}  // namespace heliopost::net
