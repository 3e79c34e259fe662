#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "queue/check.h"
#include "queue/records.h"

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

// An entry and its recipient made of the text's words are read as they were written; with an octet changed
// they are read, or not, and fsck says so.
void check_written(std::string_view text) {
    using namespace heliopost;
    const auto words = split(text, '|');
    const auto word = [&](size_t i) { return std::string(i < words.size() ? words[i] : std::string_view()); };
    const auto number = [&](size_t i) { return static_cast<std::uint32_t>(to_number(word(i)).value_or(0)); };
    queue::Entry entry;
    entry.id = QueueId(number(0));
    entry.reverse_path = {word(1), word(2)};
    entry.created = entry.expiry = from_unix_milliseconds(number(3));
    entry.source = static_cast<queue::Source>(1 + number(4) % 4);
    entry.blob.sha256 = std::string(32, 'h');
    entry.prefix = word(5);
    entry.smtputf8 = entry.body_8bit = number(3) % 2 != 0;
    entry.ret = static_cast<smtp::Return>(number(4) % 3);
    if (!word(6).empty()) entry.envelope_id = word(6);
    entry.recipient_count = 1 + number(0) % queue::recipients_max;

    queue::Recipient to;
    to.index = number(0);
    to.address = {word(1), word(2)};
    to.domain = "d" + word(2);
    to.notify = {.specified = true, .success = number(3) % 2 != 0, .failure = number(4) % 2 != 0};
    if (!word(7).empty()) to.original_recipient = smtp::OriginalRecipient{word(7), word(8)};
    to.state = static_cast<queue::State>(1 + number(4) % 5);
    to.attempts = number(3);
    if (number(4) % 2 != 0) to.first_failure = to.last_attempt = from_unix_milliseconds(number(0));
    to.last_reply = {static_cast<int>(number(9) % 600), {5, 1, 1}, word(10), word(11)};
    to.delay_warned = number(0) % 2 != 0;

    std::string first = queue::encode(entry);
    std::string second = queue::encode(to);
    if (is_utf8(text)) {  // protobuf's texts are
        must(queue::decode_entry(entry.id, first) == entry);
        must(queue::decode_recipient(to.index, second) == to);
    }
    queue::Check check;
    check.row(queue::entry_key(entry.id), first);
    check.row(queue::recipient_key(entry.id, to.index), second);
    first[number(0) % first.size()] ^= static_cast<char>(1U << number(9) % 8);
    second[number(0) % second.size()] ^= static_cast<char>(1U << number(9) % 8);
    check.row(queue::entry_key(QueueId(number(0) + 1U)), first);
    check.row(queue::recipient_key(QueueId(number(0) + 1U), to.index), second);
    check.row(queue::recipient_key(QueueId(number(0) + 1U), to.index + 1), second);
    check.finish();
    must(!queue::to_string(to.state).empty() && !queue::to_string(entry.source).empty());
    must(queue::entry_key(entry.id) < queue::end_key(entry.id) &&
         queue::end_key(entry.id) < queue::last_key());
}

}  // namespace

// Whatever decodes must encode to what decodes to the same; fsck survives every row; a queue id that parses
// prints as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const size_t cut = size == 0 ? 0 : data[0] % size;
    const std::string_view front = text.substr(0, cut);
    const std::string_view back = text.substr(cut);
    const QueueId id(7);
    if (const auto entry = queue::decode_entry(id, back))
        must(queue::decode_entry(id, queue::encode(*entry)) == *entry);
    if (const auto row = queue::decode_recipient(3, back))
        must(queue::decode_recipient(3, queue::encode(*row)) == *row);
    if (const auto parsed = queue::parse_key(front)) {
        const auto& key = *parsed;
        must(front ==
             (key.recipient ? queue::recipient_key(key.id, *key.recipient) : queue::entry_key(key.id)));
    }
    if (const auto parsed = queue::parse_queue_id(text))
        must(queue::parse_queue_id(queue::to_text(*parsed)) == *parsed);
    check_written(text);
    queue::Check check;
    check.row(front, back);
    check.row(queue::entry_key(id), back);
    check.row(queue::recipient_key(id, 3), back);
    check.finish();
    return 0;
}
