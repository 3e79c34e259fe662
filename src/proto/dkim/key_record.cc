#include "proto/dkim/key_record.h"

#include <algorithm>

#include "base/base64.h"
#include "proto/dkim/tag_list.h"

namespace heliopost::dkim {
namespace {

bool contains(const std::vector<std::string>& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

}  // namespace

Result<KeyRecord> parse_key_record(std::string_view text) {
    const TagList tags = TRY(TagList::parse(text));
    KeyRecord record;
    if (const auto version = tags.find("v");
        version && (*version != "DKIM1" || tags.tags().front().first != "v"))
        return fail(Fault::syntax, "the key record's v= is wrong");
    const std::string_view type = tags.find("k").value_or("rsa");
    if (type != "rsa" && type != "ed25519") return fail(Fault::syntax, "the key record's k= is not known");
    if (type == "ed25519") record.type = KeyType::ed25519;
    const auto key = tags.find("p");
    if (!key) return fail(Fault::syntax, "the key record has no p=");
    auto octets = from_base64(without_space(*key));
    if (!octets) return fail(Fault::syntax, "the key record's p= is not base64");
    record.key = *std::move(octets);
    if (const auto hashes = tags.find("h")) record.hashes = words_of(*hashes, ':');
    if (const auto services = tags.find("s")) {
        const auto words = words_of(*services, ':');
        record.for_mail = contains(words, "*") || contains(words, "email");
    }
    if (const auto flags = tags.find("t")) {
        const auto words = words_of(*flags, ':');
        record.testing = contains(words, "y");
        record.exact_domain = contains(words, "s");
    }
    return record;
}

}  // namespace heliopost::dkim
