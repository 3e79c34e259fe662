#include "mailbox/check.h"
#include "mailbox/keys.h"

namespace heliopost::mailbox {
namespace {

using key::Kind;

// Octets of a key behind its kind; nothing: any.
std::optional<std::size_t> key_octets(Kind kind) {
    switch (kind) {
        case Kind::mailbox:
        case Kind::highest:
        case Kind::base:
        case Kind::removed:
            return 4;
        case Kind::lost_subscription:
            return std::nullopt;
        case Kind::chunk:
        case Kind::shared:
        case Kind::verdicts:
            return 8;
        case Kind::operation:
            return 16;
        case Kind::expunged:
        case Kind::membership:
            return 12;
        case Kind::email:
            return 9;
        case Kind::last_uid_validity:
            return 0;
    }
    return std::nullopt;
}

// Octets of the values that check() does not read; nothing: it reads them.
std::optional<std::size_t> value_octets(Kind kind) {
    switch (kind) {
        case Kind::highest:
            return 8;
        case Kind::last_uid_validity:
            return 4;
        case Kind::lost_subscription:
        case Kind::shared:
            return 0;
        default:
            return std::nullopt;
    }
}

}  // namespace

bool is_membership(std::string_view key) {
    return !key.empty() && key.front() == static_cast<char>(Kind::membership);
}

std::optional<std::string> check_row(std::string_view key, std::string_view value) {
    if (key.empty() || key.front() < static_cast<char>(Kind::mailbox) ||
        key.front() > static_cast<char>(Kind::removed))
        return "a row of no known kind";
    const Kind kind{static_cast<std::uint8_t>(key.front())};
    const auto octets = key_octets(kind);
    if (octets && key.size() != 1 + *octets) return "a row with a broken key";
    if (kind == Kind::lost_subscription) {
        store::TupleReader name(key.substr(1));
        if (!name.text() || !name.done()) return "a subscription with a broken key";
    }
    const auto expected = value_octets(kind);
    if (expected && value.size() != *expected) return "a row with a broken value";
    return std::nullopt;
}

}  // namespace heliopost::mailbox
