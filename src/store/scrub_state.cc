#include <string_view>

#include "base/base64.h"
#include "base/text.h"
#include "store/crc32c.h"
#include "store/scrub.h"

namespace heliopost::store {
namespace {

constexpr std::string_view head = "heliopost-scrub 1";

std::string number_or_dash(const std::optional<Time>& time) {
    return time ? std::to_string(unix_milliseconds(*time)) : "-";
}

void append(std::string& out, const ScrubCount& count) {
    for (const std::uint64_t one : {count.octets, count.tables, count.blobs, count.damaged})
        out += ' ' + std::to_string(one);
}

class Words {
public:
    explicit Words(std::string_view text) : words_(split(text, ' ')) {}

    Result<std::string_view> word() {
        if (at_ == words_.size()) return fail(Fault::syntax, "too short");
        return words_[at_++];
    }
    Result<std::uint64_t> number() {
        const auto value = to_number(TRY(word()));
        if (!value) return fail(Fault::syntax, "not a number");
        return *value;
    }
    Result<std::optional<Time>> time() {
        const std::string_view text = TRY(word());
        if (text == "-") return std::optional<Time>();
        const auto value = to_number(text);
        if (!value || *value > std::uint64_t{1} << 50) return fail(Fault::syntax, "not a time");
        return std::optional(from_unix_milliseconds(static_cast<std::int64_t>(*value)));
    }
    Result<ScrubCount> count() {
        ScrubCount out;
        for (std::uint64_t* one : {&out.octets, &out.tables, &out.blobs, &out.damaged}) *one = TRY(number());
        return out;
    }
    bool done() const { return at_ == words_.size(); }

private:
    std::vector<std::string_view> words_;
    std::size_t at_ = 0;
};

}  // namespace

// One line: times, whether it walks, counts, place; a second with the first one's checksum.
std::string to_text(const ScrubState& state) {
    std::string out(head);
    out += ' ' + number_or_dash(state.status.began) + ' ' + number_or_dash(state.status.ended);
    out += state.status.walks ? " 1" : " 0";
    append(out, state.status.now);
    append(out, state.status.last);
    out += ' ' + std::to_string(state.table) + ' ' + (state.blob.empty() ? "-" : to_hex(state.blob)) + '\n';
    return out + std::to_string(crc32c(out)) + '\n';
}

Result<ScrubState> parse_scrub_state(std::string_view text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return fail(Fault::syntax, "too short");
    const std::string_view line = text.substr(0, end);
    if (text.substr(end + 1) != std::to_string(crc32c(text.substr(0, end + 1))) + '\n')
        return fail(Fault::syntax, "a wrong checksum");
    if (!line.starts_with(head) || line.size() <= head.size()) return fail(Fault::syntax, "another version");
    Words words(line.substr(head.size() + 1));
    ScrubState state;
    state.status.began = TRY(words.time());
    state.status.ended = TRY(words.time());
    state.status.walks = TRY(words.number()) == 1;
    state.status.now = TRY(words.count());
    state.status.last = TRY(words.count());
    state.table = TRY(words.number());
    const std::string_view blob = TRY(words.word());
    if (blob != "-") {
        const auto octets = from_hex(blob);
        if (!octets || !BlobId::from(*octets)) return fail(Fault::syntax, "not a blob's id");
        state.blob = *octets;
    }
    if (!words.done()) return fail(Fault::syntax, "too long");
    return state;
}

}  // namespace heliopost::store
