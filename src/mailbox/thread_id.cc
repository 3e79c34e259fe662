#include "mailbox/thread_id.h"

#include <openssl/sha.h>

#include <array>

#include "proto/mime/message_id.h"
#include "store/tuple.h"

namespace heliopost::mailbox {
namespace {

const mime::Envelope* envelope_of(const mime::Structure& structure) {
    if (structure.parts.empty()) return nullptr;
    const auto& at = structure.parts.front().envelope;
    return at ? &structure.envelopes.at(*at) : nullptr;
}

}  // namespace

std::uint64_t thread_of(AccountId account, const NewEmail& email) {
    const mime::Envelope* envelope = envelope_of(*email.structure);
    const auto source = envelope != nullptr ? mime::thread_source(*envelope) : std::nullopt;
    // The octet keeps a Message-ID and a hash of octets from meeting.
    const std::string text =
        store::Tuple().u64(account.value).u8(source ? 1 : 0).octets(source ? *source : email.blob.sha256);
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::uint64_t id = 0;
    for (std::size_t i = 0; i < sizeof id; ++i) id = id << 8 | digest[i];
    return id;
}

}  // namespace heliopost::mailbox
