#include "queue/entry.h"

#include "base/text.h"

namespace heliopost::queue {
namespace {

constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuv";  // RFC 4648 §7, lower case
constexpr std::size_t text_digits = 13;                                  // 65 bits, the first always 0

}  // namespace

std::string_view to_string(State state) {
    switch (state) {
        case State::pending:
            return "pending";
        case State::held:
            return "held";
        case State::delivered:
            return "delivered";
        case State::failed:
            return "failed";
        case State::dropped:
            return "dropped";
    }
    return "unknown";
}

std::string_view to_string(Source source) {
    switch (source) {
        case Source::submission:
            return "submission";
        case Source::forward:
            return "forward";
        case Source::dsn:
            return "dsn";
        case Source::relay:
            return "relay";
    }
    return "unknown";
}

std::string to_text(QueueId id) {
    std::string text(text_digits, '0');
    std::uint64_t left = id.value;
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, left >>= 5U) *digit = digits[left & 31U];
    return text;
}

Result<QueueId> parse_queue_id(std::string_view text) {
    const auto bad = [] { return fail(Fault::syntax, "not a queue id"); };
    if (text.size() != text_digits) return bad();
    std::uint64_t value = 0;
    for (const char c : text) {
        const std::size_t digit = digits.find(lower(c));
        if (digit == std::string_view::npos || value >> 59U != 0) return bad();
        value = value << 5U | digit;
    }
    return QueueId(value);
}

}  // namespace heliopost::queue
