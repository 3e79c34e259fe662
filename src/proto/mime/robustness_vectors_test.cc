// Odd, broken and hostile messages: whatever they hold, scanning and decoding them ends well.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/text.h"
#include "proto/mime/charset.h"
#include "proto/mime/date.h"
#include "proto/mime/message_id.h"
#include "proto/mime/preview.h"
#include "proto/mime/scanner.h"
#include "proto/mime/transfer.h"

namespace heliopost::mime {
namespace {

namespace fs = std::filesystem;

void read_all(std::string_view message) {
    const Structure structure = scan(message);
    Scanner scanner;
    for (size_t at = 0; at < message.size(); at += 7) scanner.feed(message.substr(at, 7));
    CHECK(scanner.finish() == structure);
    for (const Envelope& envelope : structure.envelopes) {
        CHECK(is_utf8(decoded_subject(envelope)));
        CHECK(is_utf8(base_subject(decoded_subject(envelope))));
        if (envelope.date) parse_date(*envelope.date);
        thread_source(envelope);
        for (const auto* list : {&envelope.from, &envelope.to, &envelope.cc, &envelope.sender})
            for (const Address& address : *list) CHECK(is_utf8(display_name(address)));
    }
    for (const Part& part : structure.parts) {
        CHECK(part.body_end <= message.size());
        if (part.kind != PartKind::leaf) continue;
        const auto decoded = decode_transfer(parse_transfer_encoding(part.encoding),
                                             message.substr(part.body_begin, part.octets()));
        if (!part.is_type("text")) continue;
        const auto charset = find_parameter(part.type.parameters, "charset").value_or("");
        const auto text = to_utf8(charset, decoded);
        CHECK(is_utf8(text));
        CHECK(is_utf8(preview(text, part.is("text", "html") ? TextFormat::html : TextFormat::plain)));
    }
    body_parts(structure);
}

}  // namespace

TEST_CASE("odd messages: each is scanned and decoded") {
    for (const char* folder : {"mime-mikel", "rspamd-messages", "spamassassin-data", "mime-mail-parser",
                               "mime-mime4j", "dkim", "mox", "autocrypt"}) {
        const fs::path root = fs::path(HELIOPOST_SHARED_DATA) / folder;
        if (!fs::exists(root)) {
            MESSAGE("skipped: no " << root.string());
            continue;
        }
        size_t files = 0;
        for (const auto& entry : fs::recursive_directory_iterator(root)) {
            if (!entry.is_regular_file() || entry.file_size() > 4'000'000) continue;
            CAPTURE(entry.path().string());
            std::ifstream in(entry.path(), std::ios::binary);
            read_all(std::string(std::istreambuf_iterator<char>(in), {}));
            ++files;
        }
        CHECK(files > 0);
    }
}

}  // namespace heliopost::mime
