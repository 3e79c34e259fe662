#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "proto/mime/charset.h"
#include "proto/mime/envelope.h"
#include "proto/mime/message_id.h"
#include "proto/mime/preview.h"

// The first octet says how the text is cut, the first line is the charset's name, the rest is text in it: it
// becomes UTF-8, within its limit, and in pieces what it is as a whole.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    using namespace heliopost::mime;
    if (size == 0) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const size_t end = std::min(input.find('\n'), input.size());
    const std::string_view charset = input.substr(0, end);
    const std::string_view text = input.substr(std::min(end + 1, input.size()));

    const std::string whole = to_utf8(charset, text);
    if (!is_utf8(whole)) std::abort();
    const std::string cut = to_utf8(charset, text, 10);
    if (!is_utf8(cut) || cut.size() > 10 || !whole.starts_with(cut)) std::abort();

    // One that is guessed is guessed from its first piece.
    const bool guessed = to_utf8(charset, "\xE4") == "\u00E4" && to_utf8(charset, "\u00E4") == "\u00E4";
    if (is_known_charset(charset) && !guessed) {
        CharsetReader reader(charset);
        std::string pieces;
        const size_t step = data[0] % 5 + 1;
        for (size_t at = 0; at < text.size(); at += step) reader.feed(text.substr(at, step), pieces);
        reader.finish(pieces);
        if (pieces != whole) std::abort();
    }

    const std::string base = base_subject(whole);
    if (base.size() > whole.size() || base_subject(base) != base) std::abort();
    Envelope envelope;
    envelope.message_id = text;
    envelope.in_reply_to = text;
    envelope.references = data[0] % 2 == 0 ? std::optional<std::string>(text) : std::nullopt;
    if (const auto source = thread_source(envelope); source && source->empty()) std::abort();
    if (!is_utf8(text_of_html(whole)) || !is_utf8(utf8_prefix(whole, data[0]))) std::abort();
    return 0;
}
