// EnvelopeView: an Envelope whose text stands elsewhere, for what answers with very many of them.
//
// It shows into the octets that it was read from, which must outlive it. clear() keeps the memory of the
// lists, so that one value serves a whole mailbox.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "proto/mime/address.h"

namespace heliopost::mime {

struct AddressView {
    AddressKind kind = AddressKind::mailbox;
    std::string_view name;
    std::string_view route;
    std::string_view mailbox;
    std::string_view host;
};

struct EnvelopeView {
    std::optional<std::string_view> date;
    std::optional<std::string_view> subject;
    std::vector<AddressView> from;
    std::vector<AddressView> sender;
    std::vector<AddressView> reply_to;
    std::vector<AddressView> to;
    std::vector<AddressView> cc;
    std::vector<AddressView> bcc;
    std::optional<std::string_view> in_reply_to;
    std::optional<std::string_view> message_id;

    const std::vector<AddressView>& sender_or_from() const { return sender.empty() ? from : sender; }
    const std::vector<AddressView>& reply_to_or_from() const { return reply_to.empty() ? from : reply_to; }

    void clear() {
        for (auto* text : {&date, &subject, &in_reply_to, &message_id}) text->reset();
        for (auto* list : {&from, &sender, &reply_to, &to, &cc, &bcc}) list->clear();
    }
};

}  // namespace heliopost::mime
