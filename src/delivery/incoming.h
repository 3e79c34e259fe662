// Incoming: collects one message while it arrives: blob, structure and size in one pass.
//
//   Incoming incoming(store, limits);
//   co_await incoming.append(piece) ...;  Result<Message> message = co_await incoming.finish();
//
// It holds at most one chunk of the blob and the header's field values. A failure is remembered: the
// caller may go on feeding (the protocol must stay in step) and finish() tells it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mailbox/email.h"
#include "net/task.h"
#include "proto/mime/scanner.h"
#include "store/blob.h"
#include "store/store.h"

namespace heliopost::delivery {

// A message that has come in whole. Its blob is staged: the commit that files it makes it real.
struct Message {
    store::StagedBlob blob;
    std::shared_ptr<const mime::Structure> structure;
    std::string preview;
    std::string header;               // the front of the message, at most header_kept_max octets
    std::size_t received_fields = 0;  // hops so far: RFC 5321 §6.3
};

inline constexpr std::size_t header_kept_max = 64 * 1024;
inline constexpr std::size_t preview_source_max =
    16 * 1024;  // octets of the message looked at for the preview

class Incoming {
public:
    // octets_max: past it finish() fails with Fault::too_large.
    Incoming(store::Store& store, std::uint64_t octets_max);

    net::Task<void> append(std::string_view octets);  // copies before it first waits
    net::Task<Result<Message>> finish();

    std::uint64_t octets() const { return octets_; }

private:
    std::unique_ptr<store::BlobWriter> writer_;
    mime::Scanner scanner_;
    std::string front_;
    std::uint64_t octets_ = 0;
    Result<void> state_;
};

}  // namespace heliopost::delivery
