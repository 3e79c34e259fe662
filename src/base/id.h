// Id<Tag, Int>: a number that is not any other number. Two ids in one signature cannot swap.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace heliopost {

template <class Tag, class Int = std::uint64_t>
struct Id {
    Int value = 0;

    constexpr Id() = default;
    constexpr explicit Id(Int v) : value(v) {}
    constexpr auto operator<=>(const Id&) const = default;
};

using AccountId = Id<struct AccountTag>;
using DomainId = Id<struct DomainTag>;
using MailboxId = Id<struct MailboxTag, std::uint32_t>;  // within one account; Inbox is 1
using EmailId = Id<struct EmailTag>;                     // within one account
using Uid = Id<struct UidTag, std::uint32_t>;            // RFC 9051 §2.3.1.1; 0 is no message
using UidValidity = Id<struct UidValidityTag, std::uint32_t>;
using ModSequence = Id<struct ModSequenceTag>;  // RFC 7162 §3.1; below 2^63
using QueueId = Id<struct QueueTag>;

}  // namespace heliopost

template <class Tag, class Int>
struct std::hash<heliopost::Id<Tag, Int>> {
    size_t operator()(heliopost::Id<Tag, Int> id) const noexcept { return std::hash<Int>{}(id.value); }
};
