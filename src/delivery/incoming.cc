#include "delivery/incoming.h"

#include <algorithm>
#include <utility>

#include "proto/mime/charset.h"
#include "proto/mime/preview.h"
#include "proto/mime/transfer.h"

namespace heliopost::delivery {
namespace {

// The preview of the first text part, as far as it stands within the octets kept.
std::string preview_of(const mime::Structure& structure, std::string_view front) {
    const auto shown = mime::body_parts(structure);
    if (shown.text.empty() && shown.html.empty()) return {};
    const mime::Part& part = structure.parts.at(shown.text.empty() ? shown.html.front() : shown.text.front());
    if (part.body_begin >= front.size()) return {};
    const auto octets =
        front.substr(part.body_begin, std::min<std::uint64_t>(part.octets(), preview_source_max));
    const auto charset = mime::find_parameter(part.type.parameters, "charset").value_or("us-ascii");
    const auto text =
        mime::to_utf8(charset, mime::decode_transfer(mime::parse_transfer_encoding(part.encoding), octets));
    return mime::preview(text, part.is("text", "html") ? mime::TextFormat::html : mime::TextFormat::plain);
}

}  // namespace

Incoming::Incoming(store::Store& store, std::uint64_t octets_max)
    : writer_(store.blobs().writer(octets_max)) {}

net::Task<void> Incoming::append(std::string_view octets) {
    if (!state_) co_return;
    octets_ += octets.size();
    scanner_.feed(octets);
    const std::size_t room = header_kept_max + preview_source_max - front_.size();
    front_ += octets.substr(0, room);
    state_ = co_await writer_->append(octets);
}

net::Task<Result<Message>> Incoming::finish() {
    CO_TRY(std::move(state_));
    Message message;
    message.blob = CO_TRY(co_await writer_->finish());
    message.structure = std::make_shared<const mime::Structure>(scanner_.finish());
    message.preview = preview_of(*message.structure, front_);
    message.received_fields = scanner_.received_fields();
    message.header = std::move(front_);
    message.header.resize(std::min(message.header.size(), header_kept_max));
    co_return message;
}

}  // namespace heliopost::delivery
