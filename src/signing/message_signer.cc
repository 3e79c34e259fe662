#include "signing/message_signer.h"

#include "directory/names.h"
#include "proto/mime/address.h"
#include "proto/mime/header.h"

namespace heliopost::signing {

std::string author_domain(std::string_view header) {
    const auto from = mime::find_field(header, "From");
    if (!from) return {};
    for (const mime::Address& author : mime::parse_address_list(mime::unfold(from->value)))
        if (author.kind == mime::AddressKind::mailbox)
            return directory::parse_domain(author.host).value_or(std::string());
    return {};
}

std::optional<MessageSigner> MessageSigner::begin(const Keys& keys, std::string_view header, Domain domain) {
    auto snapshot = keys.snapshot();
    if (snapshot->domains.empty() || header.size() > signed_header_max) return std::nullopt;
    std::string author = author_domain(header);
    if (author.empty()) return std::nullopt;
    while (snapshot->signing(author).empty()) {
        const auto dot = author.find('.');
        if (domain == Domain::author || dot == std::string::npos) return std::nullopt;
        author.erase(0, dot + 1);
    }
    return MessageSigner(std::move(snapshot), std::move(author), std::string(header));
}

std::string MessageSigner::finish(Time now) {
    const Settings& settings = *keys_->settings;
    if (dkim_check::over_signed(settings.fields, header_).size() > signed_names_max) return {};
    const std::string& body_hash = body_.finish();
    std::string fields;
    for (const KeyInUse* key : keys_->signing(domain_)) {
        dkim_check::Signer signer;
        signer.domain = domain_;
        signer.selector = key->row.selector;
        signer.key = key->opened.get();
        signer.fields = settings.fields;
        fields += dkim_check::signature_field(signer, header_, body_hash, now);
    }
    return fields;
}

}  // namespace heliopost::signing
