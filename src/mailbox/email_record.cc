#include "mailbox/email_record.h"

#include <google/protobuf/arena.h>

#include "base/assert.h"
#include "mailbox/broken_record.h"
#include "mailbox/file.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/structure_record.h"
#include "store/tuple.h"

namespace heliopost::mailbox {
namespace {

constexpr std::size_t sha256_octets = 32;

}  // namespace

std::vector<std::string> encode_email(const NewEmail& email, std::uint64_t thread) {
    ASSERT(email.structure != nullptr);
    ASSERT(email.prefix.size() <= prefix_octets_max);
    ASSERT(email.structure->octets == email.blob.octets);
    google::protobuf::Arena arena;
    auto& out = *google::protobuf::Arena::CreateMessage<record::Email>(&arena);
    out.set_blob(std::string(email.blob.id.view()));
    out.set_octets(email.blob.octets);
    out.set_sha256(email.blob.sha256);
    out.set_prefix(email.prefix);
    out.set_received(unix_milliseconds(email.received));
    out.set_thread(thread);
    out.set_preview(email.preview);
    write_structure(*out.mutable_structure(), *email.structure);
    std::string octets = out.SerializeAsString();
    if (octets.size() > email_record_octets_max) {
        out.clear_structure();
        write_structure(*out.mutable_structure(), reduced(*email.structure));
        octets = out.SerializeAsString();
    }
    std::vector<std::string> pieces;
    if (octets.size() <= email_piece_octets) {
        pieces.push_back(std::move(octets));
        return pieces;
    }
    for (std::size_t at = 0; at < octets.size(); at += email_piece_octets)
        pieces.push_back(octets.substr(at, email_piece_octets));
    return pieces;
}

std::shared_ptr<const mime::Structure> fitted(std::shared_ptr<const mime::Structure> structure,
                                              std::size_t octets) {
    if (octets >= email_record_octets_max) return structure;  // encode_email sees to it
    google::protobuf::Arena arena;
    auto& out = *google::protobuf::Arena::CreateMessage<record::Structure>(&arena);
    write_structure(out, *structure);
    if (out.ByteSizeLong() <= octets) return structure;
    return std::make_shared<const mime::Structure>(reduced(*structure));
}

Result<std::shared_ptr<const Email>> decode_email(EmailId id, std::string_view octets) {
    google::protobuf::Arena arena;
    auto& in = *google::protobuf::Arena::CreateMessage<record::Email>(&arena);
    if (!in.ParseFromArray(octets.data(), static_cast<int>(octets.size()))) return broken_record("a message");
    auto out = std::make_shared<Email>();
    out->id = id;
    out->blob.id = TRY(store::BlobId::from(in.blob()));
    out->blob.octets = in.octets();
    if (in.sha256().size() != sha256_octets || in.prefix().size() > prefix_octets_max)
        return broken_record("a message");
    out->blob.sha256 = in.sha256();
    out->prefix = in.prefix();
    out->received = from_unix_milliseconds(in.received());
    out->thread = in.thread();
    out->preview = in.preview();
    auto structure = TRY(read_structure(in.structure()));
    if (structure.octets != out->blob.octets) return broken_record("a message");
    out->structure = std::make_shared<const mime::Structure>(std::move(structure));
    return out;
}

Result<Membership> decode_membership(std::string_view octets) {
    store::TupleReader in(octets);
    Membership out;
    out.uid = Uid(TRY(in.u32()));
    out.pieces = TRY(in.u8());
    if (out.uid.value == 0 || out.pieces == 0) return broken_record("a message");
    out.blob = TRY(store::BlobId::from(in.rest()));
    return out;
}

}  // namespace heliopost::mailbox
