// The trace fields that stand in front of a message: RFC 5321 §4.4.
#pragma once

#include <string>

#include "delivery/envelope.h"

namespace heliopost::delivery {

// Received alone, for a message that goes on. The recipient is named only when it is the only one: nobody
// may learn of the others (RFC 5321 §7.2).
std::string received_field(const Envelope& envelope, const std::string& host_name, bool show_client);

// Return-Path, Delivered-To and the trace (results of checks, Received), for a mailbox.
std::string mailbox_prefix(const Envelope& envelope, const std::string& delivered_to,
                           const std::string& trace);

}  // namespace heliopost::delivery
