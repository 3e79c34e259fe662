// The record of an Email, cut into pieces that a store's value can hold.
//
// Piece 0 exists always; a structure that would make the record larger than email_record_octets_max is
// reduced (structure_record.h), so that a hostile message costs its sender only its own structure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "mailbox/email.h"

namespace heliopost::mailbox {

inline constexpr std::size_t email_piece_octets = 90'000;          // below store::value_octets_max
inline constexpr std::size_t email_record_octets_max = 2'000'000;  // so that a commit holds a few
inline constexpr std::size_t email_pieces_max = 255;               // the piece number is one octet
static_assert(email_record_octets_max / email_piece_octets < email_pieces_max);

std::vector<std::string> encode_email(const NewEmail& email, std::uint64_t thread);

// All pieces joined. Fails with Fault::internal.
Result<std::shared_ptr<const Email>> decode_email(EmailId id, std::string_view octets);

// An email's place in one mailbox, the value of key::membership: 21 octets.
struct Membership {
    Uid uid;
    std::uint8_t pieces = 0;  // of the Email's record
    store::BlobId blob;
};
Result<Membership> decode_membership(std::string_view octets);

}  // namespace heliopost::mailbox
