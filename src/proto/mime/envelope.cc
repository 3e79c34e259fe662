#include "proto/mime/envelope.h"

#include <algorithm>

#include "base/text.h"
#include "proto/mime/encoded_word.h"
#include "proto/mime/envelope_fields.h"
#include "proto/mime/header.h"

namespace heliopost::mime {
namespace {

struct TextField {
    std::string_view name;
    std::optional<std::string> Envelope::* member;
};
constexpr TextField text_fields[] = {
    {"date", &Envelope::date},
    {"subject", &Envelope::subject},
    {"in-reply-to", &Envelope::in_reply_to},
    {"message-id", &Envelope::message_id},
    {"references", &Envelope::references},
};

struct AddressField {
    std::string_view name;
    std::vector<Address> Envelope::* member;
};
constexpr AddressField address_fields[] = {
    {"from", &Envelope::from}, {"sender", &Envelope::sender}, {"reply-to", &Envelope::reply_to},
    {"to", &Envelope::to},     {"cc", &Envelope::cc},         {"bcc", &Envelope::bcc},
};

}  // namespace

bool is_envelope_field(std::string_view name) {
    const auto same = [&](const auto& field) { return same_ignoring_case(field.name, name); };
    return std::any_of(std::begin(text_fields), std::end(text_fields), same) ||
           std::any_of(std::begin(address_fields), std::end(address_fields), same);
}

void EnvelopeBuilder::add(std::string_view name, std::string_view value, size_t& addresses_left) {
    for (size_t i = 0; i < std::size(text_fields); ++i) {
        const TextField& field = text_fields[i];
        if (!same_ignoring_case(field.name, name) || envelope_.*field.member) continue;
        envelope_.*field.member = unfold(value);
    }
    for (size_t i = 0; i < std::size(address_fields); ++i) {
        const AddressField& field = address_fields[i];
        if (!same_ignoring_case(field.name, name) || (seen_ >> i & 1) != 0) continue;
        seen_ |= 1U << i;
        Limits limits;
        limits.addresses = addresses_left;
        auto list = parse_address_list(value, limits);
        addresses_left -= std::min(addresses_left, list.size());
        envelope_.*field.member = std::move(list);
    }
}

Envelope parse_envelope(std::string_view header_block, const Limits& limits) {
    EnvelopeBuilder builder;
    size_t addresses_left = limits.addresses;
    FieldReader fields(header_block);
    while (const auto field = fields.next())
        builder.add(field->name, field->value.substr(0, limits.field_octets), addresses_left);
    return builder.take();
}

std::string decoded_subject(const Envelope& envelope) {
    return envelope.subject ? decode_words(*envelope.subject) : std::string();
}

}  // namespace heliopost::mime
