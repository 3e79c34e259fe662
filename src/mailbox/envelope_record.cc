#include "mailbox/envelope_record.h"

#include <algorithm>

#include "mailbox/broken_record.h"
#include "mailbox/mailbox.pb.h"
#include "mailbox/wire_reader.h"

namespace heliopost::mailbox {
namespace {

bool read_address(std::string_view record, std::vector<mime::AddressView>& out) {
    using record::Address;
    mime::AddressView& address = out.emplace_back();
    WireReader wire(record);
    while (wire.next()) {
        if (wire.field() == Address::kKindFieldNumber && !wire.is_octets()) {
            if (wire.number() > static_cast<std::uint64_t>(mime::AddressKind::group_end)) return false;
            address.kind = static_cast<mime::AddressKind>(wire.number());
        }
        if (!wire.is_octets()) continue;
        if (wire.field() == Address::kNameFieldNumber) address.name = wire.octets();
        if (wire.field() == Address::kRouteFieldNumber) address.route = wire.octets();
        if (wire.field() == Address::kMailboxFieldNumber) address.mailbox = wire.octets();
        if (wire.field() == Address::kHostFieldNumber) address.host = wire.octets();
    }
    return !wire.broken();
}

bool read_fields(std::string_view record, mime::EnvelopeView& out) {
    using record::Envelope;
    WireReader wire(record);
    bool good = true;
    while (good && wire.next()) {
        if (!wire.is_octets()) continue;
        const std::string_view octets = wire.octets();
        if (wire.field() == Envelope::kDateFieldNumber) out.date = octets;
        if (wire.field() == Envelope::kSubjectFieldNumber) out.subject = octets;
        if (wire.field() == Envelope::kFromFieldNumber) good = read_address(octets, out.from);
        if (wire.field() == Envelope::kSenderFieldNumber) good = read_address(octets, out.sender);
        if (wire.field() == Envelope::kReplyToFieldNumber) good = read_address(octets, out.reply_to);
        if (wire.field() == Envelope::kToFieldNumber) good = read_address(octets, out.to);
        if (wire.field() == Envelope::kCcFieldNumber) good = read_address(octets, out.cc);
        if (wire.field() == Envelope::kBccFieldNumber) good = read_address(octets, out.bcc);
        if (wire.field() == Envelope::kInReplyToFieldNumber) out.in_reply_to = octets;
        if (wire.field() == Envelope::kMessageIdFieldNumber) out.message_id = octets;
    }
    return good && !wire.broken();
}

// Which of a structure's envelopes is its root's, counted from 1; 0 where it has none.
std::uint64_t number_of_root(std::string_view structure) {
    WireReader wire(structure);
    if (!wire.next_octets(record::Structure::kPartsFieldNumber)) return 0;
    std::uint64_t number = 0;
    WireReader root(wire.octets());
    while (root.next())
        if (root.field() == record::Part::kEnvelopeFieldNumber && !root.is_octets()) number = root.number();
    return root.broken() ? 0 : number;
}

}  // namespace

Result<> read_envelope(std::string_view record, mime::EnvelopeView& out) {
    out.clear();
    WireReader email(record);
    if (!email.next_octets(record::Email::kStructureFieldNumber)) return broken_record("a message");
    const std::string_view structure = email.octets();
    std::uint64_t number = number_of_root(structure);
    WireReader wire(structure);
    while (number > 0 && wire.next_octets(record::Structure::kEnvelopesFieldNumber)) --number;
    if (wire.broken() || number > 0 || !wire.is_octets() || !read_fields(wire.octets(), out))
        return broken_record("a message");
    return {};
}

}  // namespace heliopost::mailbox
