// What the tables of options are made of: how a key's value is read, compared and copied. Internal to main/.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "main/option.h"
#include "main/option_text.h"
#include "proto/smtp/address.h"

namespace heliopost {

inline Result<std::string> text_of(const toml::node& node) {
    if (const auto value = node.value_exact<std::string>()) return *value;
    return fail(Fault::syntax, "expected a text in quotes");
}

inline Result<std::vector<std::string>> texts_of(const toml::node& node) {
    const toml::array* array = node.as_array();
    if (array == nullptr) return fail(Fault::syntax, "expected a list: [\"...\", \"...\"]");
    std::vector<std::string> texts;
    for (const toml::node& item : *array) texts.push_back(TRY(text_of(item)));
    return texts;
}

// get: from Settings&, const or not, to the value.
template <class Get, class Read>
Access access(Get get, Read read) {
    return {.set = [=](Settings& settings, const toml::node& node) -> Result<void> {
                get(settings) = TRY(read(node));
                return {};
            },
            .same = [=](const Settings& a, const Settings& b) { return get(a) == get(b); },
            .copy = [=](Settings& to, const Settings& from) { get(to) = get(from); }};
}

template <class Section, class Base, class Value, class Read>
Access access(Section Settings::* section, Value Base::* value, Read read) {
    return access([=](auto& settings) -> auto& { return (settings.*section).*value; }, read);
}

// A text of some form; an empty one stands for "not set".
template <class Section, class Base>
Access text_like(Section Settings::* section, std::string Base::* value, bool (*right)(std::string_view),
                 const char* expected) {
    return access(section, value, [=](const toml::node& node) -> Result<std::string> {
        auto given = TRY(text_of(node));
        if (!given.empty() && !right(given)) return fail(Fault::syntax, std::string("expected ") + expected);
        return given;
    });
}

template <class Section, class Base>
Access text(Section Settings::* section, std::string Base::* value) {
    return access(section, value, text_of);
}

template <class Section, class Base>
Access secret(Section Settings::* section, Secret Base::* value) {
    return access(section, value,
                  [](const toml::node& node) -> Result<Secret> { return Secret::take(TRY(text_of(node))); });
}

template <class Section, class Base>
Access flag(Section Settings::* section, bool Base::* value) {
    return access(section, value, [](const toml::node& node) -> Result<bool> {
        const auto given = node.value_exact<bool>();
        if (!given) return fail(Fault::syntax, "expected true or false");
        return *given;
    });
}

template <class Section, class Base>
Access number(Section Settings::* section, std::uint64_t Base::* value, std::int64_t least,
              std::int64_t most) {
    return access(section, value, [=](const toml::node& node) -> Result<std::uint64_t> {
        const auto given = node.value_exact<std::int64_t>();
        if (!given || *given < least || *given > most)
            return fail(Fault::syntax,
                        "expected a number from " + std::to_string(least) + " to " + std::to_string(most));
        return static_cast<std::uint64_t>(*given);
    });
}

inline Result<std::uint64_t> octets_of(const toml::node& node) {
    if (const auto given = node.value_exact<std::int64_t>(); given && *given >= 0)
        return static_cast<std::uint64_t>(*given);
    return parse_octets(TRY(text_of(node)));
}

template <class Section, class Base>
Access octets(Section Settings::* section, std::uint64_t Base::* value) {
    return access(section, value, octets_of);
}

// range: of least and most, as it would be written.
template <class Section, class Base>
Access octets(Section Settings::* section, std::uint64_t Base::* value, std::uint64_t least,
              std::uint64_t most, const char* range) {
    return access(section, value, [=](const toml::node& node) -> Result<std::uint64_t> {
        const std::uint64_t given = TRY(octets_of(node));
        if (given < least || given > most)
            return fail(Fault::syntax, std::string("expected a size from ") + range);
        return given;
    });
}

template <class Section, class Base>
Access duration(Section Settings::* section, std::chrono::seconds Base::* value) {
    return access(section, value, [](const toml::node& node) -> Result<std::chrono::seconds> {
        return parse_duration(TRY(text_of(node)));
    });
}

template <class Section, class Base>
Access endpoints(Section Settings::* section, std::vector<net::Endpoint> Base::* value) {
    return access(section, value, [](const toml::node& node) -> Result<std::vector<net::Endpoint>> {
        std::vector<net::Endpoint> list;
        for (const std::string& word : TRY(texts_of(node))) list.push_back(TRY(net::parse_endpoint(word)));
        return list;
    });
}

template <class Section, class Base>
Access texts(Section Settings::* section, std::vector<std::string> Base::* value) {
    return access(section, value, texts_of);
}

inline Result<std::vector<std::string>> domains_of(const toml::node& node) {
    std::vector<std::string> domains;
    for (const std::string& word : TRY(texts_of(node))) domains.push_back(TRY(smtp::normalise_domain(word)));
    return domains;
}

// The sections that have a file of their own.
void add_dkim_options(std::vector<Option>& table);

}  // namespace heliopost
