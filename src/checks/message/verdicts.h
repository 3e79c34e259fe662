// Verdicts: all that the checks found out about one message, and how to say it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checks/arc/verify.h"
#include "checks/bimi/lookup.h"
#include "checks/dkim/verify.h"
#include "checks/dmarc/evaluate.h"
#include "checks/iprev/iprev.h"
#include "checks/spf/check_host.h"
#include "net/address.h"
#include "proto/smtp/address.h"

namespace heliopost::message_check {

// Why a message that fails DMARC is not treated as its domain asks: RFC 7489 §6.6.3 (PolicyOverrideType).
struct Override {
    std::string type;    // "trusted_forwarder"
    std::string reason;  // in words
};

// What the connection says.
struct Client {
    net::IpAddress address;
    std::string helo;            // as it was said
    smtp::Address reverse_path;  // null: a bounce, judged by the HELO name
};

struct Verdicts {
    iprev_check::Answer iprev;
    spf_check::Answer helo;  // SPF of the HELO name
    spf_check::Answer spf;   // of MAIL FROM; of the HELO name where that is null
    std::string spf_domain;  // that `spf` is about; A-labels
    std::vector<dkim_check::SignatureVerdict> dkim;
    arc_check::Answer arc;
    dmarc_check::Answer dmarc;
    std::optional<bimi_check::Answer> bimi;  // where it was asked for
    std::optional<Override> excused;         // of the policy

    // What is to be done with the message as far as DMARC goes, the override taken into account.
    dmarc::Policy policy() const { return excused ? dmarc::Policy::none : dmarc.policy; }
    // A verdict could not be had for now: 451 where the operator demands one.
    bool undecided() const { return dmarc.verdict == dmarc_check::Verdict::temp_error; }

    std::vector<std::string> in_words() const;  // a line a check

    std::string fields;  // Received-SPF and Authentication-Results, to stand in front of the header
    int queries = 0;     // that the DNS was asked
};

// The fields of the verdicts; server: authserv-id.
std::string write_fields(const Verdicts& verdicts, const Client& client, std::string_view server);

}  // namespace heliopost::message_check
