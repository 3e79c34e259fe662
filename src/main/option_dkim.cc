// [dkim]: what our domains sign, and how long they keep a key.
#include <algorithm>

#include "base/text.h"
#include "main/option_access.h"
#include "proto/mime/header.h"

namespace heliopost {
namespace {

Result<std::vector<std::string>> signed_fields_of(const toml::node& node) {
    constexpr std::size_t most = 50;  // with what over-signing adds far below what verifiers read
    auto names = TRY(texts_of(node));
    const auto is_from = [](const std::string& name) { return same_ignoring_case(name, "From"); };
    if (std::ranges::none_of(names, is_from))
        return fail(Fault::syntax, "\"From\" must be among them");  // RFC 6376 §5.4
    if (names.size() > most) return fail(Fault::syntax, "expected at most 50 names");
    for (const std::string& name : names) {
        const std::string field = name + ":";
        const auto read = mime::field_name(field);
        if (!read || *read != name || name.find(';') != std::string::npos)
            return fail(Fault::syntax, "\"" + name + "\" is no name of a field");
    }
    return names;
}

// "0" for never.
Result<std::chrono::seconds> duration_or_never_of(const toml::node& node) {
    const std::string word = TRY(text_of(node));
    if (word == "0") return std::chrono::seconds(0);
    return parse_duration(word);
}

}  // namespace

void add_dkim_options(std::vector<Option>& t) {
    using D = signing::Settings;
    const auto dkim = &Settings::dkim;
    t.push_back({{"dkim.sign", "flag", "true", "sign the mail of domains that have keys: `heliopost dkim`"},
                 flag(dkim, &D::sign)});
    t.push_back(
        {{"dkim.unsigned_domains", "list of domains", "[]", "whose mail goes out without all the same"},
         access(dkim, &D::unsigned_domains, domains_of)});
    t.push_back({{"dkim.fields", "list of texts",
                  "[\"From\", \"To\", \"Cc\", \"Subject\", \"Date\", \"Message-ID\", \"Reply-To\", "
                  "\"In-Reply-To\", \"References\", \"MIME-Version\", \"Content-Type\", "
                  "\"Content-Transfer-Encoding\"]",
                  "fields that are signed, and that nobody may add one of"},
                 access(dkim, &D::fields, signed_fields_of)});
    t.push_back(
        {{"dkim.seal_forwarded", "flag", "true",
          "seal (ARC) what an alias sends on to another host, with the RSA key of the alias's domain"},
         flag(dkim, &D::seal_forwarded)});
    t.push_back(
        {{"dkim.rotate_after", "duration", "\"0\"",
          "the age at which a key gets a successor, which signs once its record is seen; \"0\": never"},
         access(dkim, &D::rotate_after, duration_or_never_of)});
    t.push_back({{"dkim.overlap", "duration", "\"7d\"",
                  "how long the record of a key that signs no more is still needed"},
                 duration(dkim, &D::overlap)});
}

}  // namespace heliopost
