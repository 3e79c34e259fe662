#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "proto/imap/limits.h"
#include "proto/imap/mailbox_name.h"

// Both codings give back what they were given; a name made canonical stays as it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto name = imap::from_modified_utf7(text)) {
        if (!is_utf8(*name) || imap::to_modified_utf7(*name) != text) std::abort();
    }
    if (!is_utf8(text)) return 0;
    if (imap::from_modified_utf7(imap::to_modified_utf7(text)).value() != text) std::abort();
    const std::string name = imap::canonical_mailbox_name(text);
    if (imap::canonical_mailbox_name(name) != name) std::abort();
    if (name.size() > imap::mailbox_octets_max) return 0;
    for (const auto revision : {imap::Revision::rev1, imap::Revision::rev2})
        if (imap::decode_mailbox_name(imap::encode_mailbox_name(name, revision), revision).value() != name)
            std::abort();
    if (imap::check_mailbox_name(name) && name.empty()) std::abort();  // what may be created has a name
    return 0;
}
