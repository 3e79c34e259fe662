#include "mailbox/envelopes.h"

#include "base/assert.h"
#include "mailbox/envelope_record.h"

namespace heliopost::mailbox {

Result<const mime::EnvelopeView*> Envelopes::read(std::size_t index) {
    const std::optional<std::string>& record = records_.at(index);
    ASSERT(record.has_value());  // is_gone() was asked
    TRY(read_envelope(*record, envelope_));
    return &envelope_;
}

}  // namespace heliopost::mailbox
