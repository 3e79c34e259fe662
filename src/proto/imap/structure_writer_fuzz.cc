#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/imap/response.h"
#include "proto/imap/structure_writer.h"
#include "proto/mime/scanner.h"

// Whatever the message, what is written about it is a list that our client reads.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    const auto structure = mime::scan(std::string_view(reinterpret_cast<const char*>(data), size));
    for (const auto revision : {imap::Revision::rev1, imap::Revision::rev2}) {
        std::string text = "* 1 FETCH (ENVELOPE ";
        const auto envelope = structure.parts.at(0).envelope;
        imap::append_envelope(text, envelope ? structure.envelopes.at(*envelope) : mime::Envelope{},
                              revision);
        text += " BODY ";
        imap::append_structure(text, structure, imap::StructureForm::body, revision);
        text += " BODYSTRUCTURE ";
        imap::append_structure(text, structure, imap::StructureForm::body_structure, revision);
        text += ")";
        const auto response = imap::parse_response(text);
        if (!response || response->values.size() != 3 || response->values[2].items.size() != 6) std::abort();
        if (response->values[2].items[1].items.size() != 10) std::abort();
    }
    return 0;
}
