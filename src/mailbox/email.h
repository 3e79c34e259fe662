// Email: one message as it is kept: immutable, apart from where it is filed.
//
// What a reader gets is prefix + blob: the trace fields that we put in front, then the octets as they
// came. Offsets of the structure are those of the blob; `section` and `read` add the prefix.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/id.h"
#include "base/time.h"
#include "proto/mime/part.h"
#include "store/blob.h"

namespace heliopost::mailbox {

inline constexpr std::size_t prefix_octets_max = 64 * 1024;
// Of the records of emails that are in memory for one caller: email_record_octets_max each at worst.
inline constexpr std::size_t emails_octets_max = 4 * 1024 * 1024;

struct Email {
    EmailId id;
    store::BlobRef blob;
    std::string prefix;                                // whole header fields with CRLF
    Time received;                                     // INTERNALDATE's default
    std::uint64_t thread = 0;                          // keyed hash of the thread's first Message-ID
    std::string preview;                               // UTF-8, at most 256 characters
    std::shared_ptr<const mime::Structure> structure;  // of the blob alone

    std::uint64_t octets() const { return prefix.size() + blob.octets; }
};

// A message that is to be filed: what delivery, APPEND and LMTP make. The blob is staged with the commit.
struct NewEmail {
    store::BlobRef blob;
    std::string prefix;
    Time received;
    std::shared_ptr<const mime::Structure> structure;
    std::string preview;
    std::string verdicts;  // encode(Verdicts), or empty
};

}  // namespace heliopost::mailbox
