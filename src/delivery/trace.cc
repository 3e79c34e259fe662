#include "delivery/trace.h"

#include "proto/smtp/received.h"
#include "queue/entry.h"

namespace heliopost::delivery {

std::string received_field(const Envelope& envelope, const std::string& host_name, bool show_client) {
    smtp::Trace trace;
    if (show_client) {
        trace.helo = envelope.client.helo;
        trace.client_name = envelope.client.reverse_name;
        trace.client_address = envelope.client.address.to_string();
    }
    trace.by = host_name;
    trace.protocol = envelope.client.protocol;
    trace.id = queue::to_text(envelope.id);
    if (envelope.client.tls) {
        trace.tls_version = envelope.client.tls->version;
        trace.tls_cipher = envelope.client.tls->cipher;
    }
    if (envelope.recipients.size() == 1)
        trace.for_recipient = smtp::to_string(envelope.recipients[0].address);
    trace.time = envelope.arrived;
    return smtp::format_received(trace);
}

std::string mailbox_prefix(const Envelope& envelope, const std::string& delivered_to,
                           const std::string& trace) {
    return smtp::format_return_path(envelope.reverse_path) + "Delivered-To: " + delivered_to + "\r\n" + trace;
}

}  // namespace heliopost::delivery
