// Envelope: what the sender's side said about one message, with its recipients resolved.
//
// Made by server/smtp while the transaction goes on, then shared as const.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "directory/directory.h"
#include "net/address.h"
#include "net/tls.h"
#include "proto/smtp/address.h"
#include "proto/smtp/command.h"
#include "proto/smtp/received.h"

namespace heliopost::delivery {

inline constexpr std::size_t recipients_max = 1'000;  // a transaction; RFC 5321 §4.5.3.1.8 asks for 100

struct Client {
    net::IpAddress address;
    std::string helo;
    std::string reverse_name;  // verified, or empty
    std::optional<net::TlsSession> tls;
    smtp::Protocol protocol;
};

struct Recipient {
    smtp::Address address;  // as the client wrote it
    directory::Resolution resolution;
    smtp::Notify notify;
    std::optional<smtp::OriginalRecipient> original;
};

struct Envelope {
    QueueId id;  // in every log line of this message
    Time arrived;
    Client client;
    std::optional<AccountId> identity;  // who submits; nothing for mail from outside
    smtp::Address reverse_path;
    bool smtputf8 = false;
    smtp::Body body = smtp::Body::seven_bit;
    smtp::Return ret = smtp::Return::unspecified;
    std::optional<std::string> envelope_id;
    std::vector<Recipient> recipients;
    std::string results;     // fields: what the checks found; they stand above our Received
    std::string verdicts;    // the same for mailboxes to keep: mailbox/verdicts.h, encoded
    std::string signatures;  // fields: ours, DKIM-Signature; they stand above all
    std::string seal;        // fields: our ARC set; above all, where the message goes on to another host
    bool junk = false;       // filed as such: \Junk in place of INBOX
};

}  // namespace heliopost::delivery
