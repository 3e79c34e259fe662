#include "mailbox/envelopes.h"

#include "mailbox/envelope_record.h"

namespace heliopost::mailbox {

Result<const mime::EnvelopeView*> Envelopes::read(std::size_t index) {
    TRY(read_envelope(records_.at(index).value(), envelope_));
    return &envelope_;
}

}  // namespace heliopost::mailbox
