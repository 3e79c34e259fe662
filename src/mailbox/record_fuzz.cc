#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "mailbox/base_record.h"
#include "mailbox/email_record.h"
#include "mailbox/envelope_record.h"
#include "mailbox/keys.h"
#include "mailbox/rows_record.h"
#include "mailbox/view_builder.h"

namespace {

// Where both readers of a record take it, they read the same.
void check_email(std::string_view in) {
    using namespace heliopost;
    using namespace heliopost::mailbox;
    mime::EnvelopeView shown;
    const bool readable = read_envelope(in, shown).has_value();
    const auto email = decode_email(EmailId(1), in);
    if (!email || !readable) return;
    const mime::Structure& structure = *(*email)->structure;
    const mime::Envelope& whole = structure.envelopes.at(structure.parts.front().envelope.value_or(0));
    if (shown.subject != whole.subject || shown.date != whole.date || shown.to.size() != whole.to.size())
        std::abort();
}

}  // namespace

// Whatever stands in the store decodes to checked values or to an Error; a chunk that decodes is written
// back to the same rows, and operations never break a View.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    using namespace heliopost::mailbox;
    if (size < 2) return 0;
    const std::uint8_t kind = octets[0];
    const std::string_view in(reinterpret_cast<const char*>(octets + 1), size - 1);
    if (kind % 4 == 0) {
        const auto chunk = decode_chunk(in);
        if (!chunk) return 0;
        const auto again = decode_chunk(encode_chunk(chunk->chunk->rows, chunk->as_of));
        if (!again || again->chunk->rows != chunk->chunk->rows || again->as_of != chunk->as_of) std::abort();
    } else if (kind % 4 == 1) {
        check_email(in);
    } else if (kind % 4 == 2) {
        const bool read[] = {decode_base(std::string(in)).has_value(),
                             decode_mailbox(MailboxId(1), in).has_value(), decode_membership(in).has_value()};
        (void)read;
    } else {  // operations one after the other, each behind its length
        ViewBuilder builder(Mailbox{}, Uid(1), {}, ModSequence());
        std::string_view rest = in;
        for (std::uint64_t at = 1; rest.size() > 1; ++at) {
            const auto length = static_cast<std::size_t>(static_cast<unsigned char>(rest[0]));
            const std::string key =
                key::at(key::Kind::operation, MailboxId(1), ModSequence(at)) + std::string(4, '\0');
            const auto operation = decode_operation(key, rest.substr(1, length));
            if (operation && !builder.apply(*operation)) break;
            rest.remove_prefix(std::min(rest.size(), 1 + length));
        }
        const auto view = builder.finish();
        if (view->status().messages != view->size()) std::abort();
        for (std::size_t i = 1; i < view->size(); ++i)
            if (view->at(i - 1).uid >= view->at(i).uid) std::abort();
    }
    return 0;
}
