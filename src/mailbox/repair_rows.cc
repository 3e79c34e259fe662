#include "mailbox/repair_rows.h"

#include <memory>
#include <utility>

#include "mailbox/base_record.h"
#include "mailbox/check.h"
#include "mailbox/email_record.h"
#include "mailbox/keys.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/operation.h"
#include "mailbox/rows_record.h"
#include "mailbox/verdicts.h"
#include "proto/mime/scanner.h"
#include "store/keys.h"  // a blob's manifest: as check() does
#include "store/records.pb.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;

template <class T>
std::optional<std::string> reason(const Result<T>& read) {
    if (read) return std::nullopt;
    return read.error().text;
}

// docs/format.md: a BlobId begins with when its writer began, ms since 1970.
Time time_of(store::BlobId blob, Time now) {
    constexpr std::size_t time_octets = 6;
    std::int64_t ms = 0;
    for (std::size_t i = 0; i < time_octets; ++i) ms = (ms << 8) | static_cast<std::int64_t>(blob.octets[i]);
    return std::min(from_unix_milliseconds(ms), now);
}

}  // namespace

std::optional<std::string> unreadable(std::string_view key, const std::string& value) {
    if (auto wrong = check_row(key, value)) return wrong;
    switch (Kind{static_cast<std::uint8_t>(key.front())}) {
        case Kind::mailbox:
        case Kind::removed: {
            auto read = decode_mailbox(MailboxId(1), value);
            if (read && (read->name.empty() || read->uid_validity.value == 0))
                return "a mailbox without a name";
            return reason(read);
        }
        case Kind::base:
            return reason(decode_base(value));
        case Kind::chunk:
            return reason(decode_chunk(value));
        case Kind::operation:
            return reason(decode_operation(key, value));
        case Kind::expunged: {
            record::Expunged expunged;
            if (!expunged.ParseFromString(value)) return "a broken record of expunges";
            return reason(unpack(expunged.uids()));
        }
        case Kind::membership:
            return reason(decode_membership(value));
        case Kind::verdicts:
            return reason(decode_verdicts(value));
        default:
            return std::nullopt;
    }
}

net::Task<Result<NewEmail>> email_of_blob(store::Store* store, net::World* world, store::BlobId blob) {
    const auto record = CO_TRY(co_await store->get(store::blobs_partition, store::manifest_key(blob)));
    store::Manifest manifest;
    if (!record || !manifest.ParseFromString(*record)) co_return fail(Fault::internal, "the blob is gone");
    mime::Scanner scanner;
    for (std::uint64_t at = 0; at < manifest.octets();) {
        const std::string piece =
            CO_TRY(co_await store->blobs().read(blob, at, store::BlobStore::read_octets_max));
        if (piece.empty()) co_return fail(Fault::internal, "the blob is cut off");
        scanner.feed(piece);
        at += piece.size();
    }
    NewEmail email;
    email.blob = {blob, manifest.octets(), manifest.sha256()};
    email.received = time_of(blob, world->now());
    email.structure = std::make_shared<const mime::Structure>(scanner.finish());
    co_return email;
}

}  // namespace heliopost::mailbox
