#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "directory/check.h"
#include "directory/dkim_key.h"
#include "directory/records.h"

namespace {

using namespace heliopost;

void must(bool holds) {
    if (!holds) std::abort();
}

void decode_row(std::string_view octets, std::string_view value) {
    const auto key = directory::parse_key(octets);
    if (!key) return;
    must(directory::parse_key(directory::to_octets(*key)) == *key);
    if (const auto meta = directory::decode_meta(value))
        must(directory::decode_meta(directory::encode(*meta)) == *meta);
    if (const auto domain = directory::decode_domain(*key, value)) {
        const auto again = directory::decode_domain(*key, directory::encode(*domain));
        must(again && again->id == domain->id && again->catch_all == domain->catch_all);
    }
    if (const auto name = directory::decode_name(*key, value)) {
        const std::string once = directory::encode(*name);
        const auto again = directory::decode_name(*key, once);
        must(again && directory::encode(*again) == once);
    }
    if (const auto dkim = directory::decode_dkim_key(octets, value))
        must(directory::decode_dkim_key(octets, directory::encode(*dkim)) == *dkim);
    if (const auto keys = directory::decode_change(value))
        must(directory::decode_change(directory::encode_change(*keys)) == *keys);
}

// Rows made of the text's words are read as they were written; with an octet changed they are read, or not,
// and fsck says so.
void check_written(std::string_view text) {
    if (!is_utf8(text)) return;  // protobuf's texts are
    const auto words = split(text, '|');
    const auto word = [&](size_t i) { return std::string(i < words.size() ? words[i] : std::string_view()); };
    const auto number = [&](size_t i) { return to_number(word(i)).value_or(1) % 1'000 + 1; };
    const directory::Name name{word(1), word(2)};
    const directory::Meta meta{number(0), number(3), number(4), std::string(directory::secret_octets, 's')};
    must(directory::decode_meta(directory::encode(meta)) == meta);
    const directory::Domain domain{DomainId(number(0)), word(2), word(5)};
    directory::Account account;
    account.id = AccountId(number(3));
    account.display_name = account.password_hash = word(6);
    account.quota_octets = number(4);
    account.scram_salt = account.scram_stored_key = account.scram_server_key = word(7);
    const directory::Alias alias{word(1), {word(5), word(6)}, number(0) % 2 == 0};

    const std::string account_row = directory::encode(directory::NameRecord(account));
    const auto read =
        directory::decode_name(directory::parse_key(directory::name_key(name)).value(), account_row);
    must(read && std::get<directory::Account>(*read).display_name == account.display_name);
    directory::Check check;
    const auto both = [&](const std::string& key, std::string value) {
        check.row(key, value);
        if (!value.empty()) value[number(0) % value.size()] ^= static_cast<char>(1U << number(8) % 8);
        check.row(key, value);
    };
    if (number(8) % 2 == 0) both(directory::meta_key(), directory::encode(meta));
    both(directory::domain_key(word(2)), directory::encode(domain));
    both(directory::name_key(name), account_row);
    both(directory::name_key({word(1) + "x", word(2)}), directory::encode(directory::NameRecord(alias)));
    both(directory::change_key(number(0)), directory::encode_change({word(5), word(6)}));
    directory::DkimKey dkim;
    dkim.domain = word(2);
    dkim.selector = word(1);
    dkim.public_key = word(5) + "x";
    dkim.sealed = word(6);
    const std::string dkim_row = directory::dkim_key_key(dkim.domain, dkim.selector);
    must(directory::decode_dkim_key(dkim_row, directory::encode(dkim)) == dkim);
    both(dkim_row, directory::encode(dkim));
    both(directory::removed_key(AccountId(number(4))), "");
    check.finish();
}

}  // namespace

// Whatever decodes must encode to what decodes to the same; fsck survives every row.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const size_t cut = size == 0 ? 0 : data[0] % size;
    decode_row(text.substr(0, cut), text.substr(cut));
    check_written(text);
    directory::Check check;
    check.row(text.substr(0, cut), text.substr(cut));
    check.row(text.substr(cut), text.substr(0, cut));
    check.finish();
    return 0;
}
