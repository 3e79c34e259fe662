// DMARC: did the domain in From have a hand in this message, and what does it want done if not?
//
//   dmarc_check::Answer answer = co_await evaluate(&dns, dmarc::read_author(header), evidence, options);
//
// Needs the verdicts of SPF and DKIM; asks the DNS for records only: at most eight a walk, and one walk for
// the author and one for each passed domain that could belong to the same organisation. What is done with a
// message that fails is for the caller: `policy` is what the domain asks for, local policy may know better.
//
// RFC 9989 §4 and §5; RFC 7489 where Discovery says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checks/dkim/verify.h"
#include "checks/dmarc/public_suffixes.h"
#include "checks/dmarc/tree.h"
#include "checks/spf/check_host.h"
#include "net/dns.h"
#include "proto/dmarc/author.h"
#include "proto/dmarc/record.h"

namespace heliopost::dmarc_check {

enum class Verdict : std::uint8_t { none, pass, fail, temp_error, perm_error };  // RFC 7489 §11.2
std::string_view name_of(Verdict verdict);

// How the organisation behind a name is found.
enum class Discovery : std::uint8_t {
    tree_walk,      // RFC 9989 §4.10; suffixes, if given, guard it
    public_suffix,  // RFC 7489 §3.2
};

struct Options {
    Discovery discovery = Discovery::tree_walk;
    const PublicSuffixes* suffixes = nullptr;  // must be there for public_suffix
    unsigned lot = 0;  // 0 to 99, drawn for the message: pct= of RFC 7489 §6.6.4 spares those at or above it
};

struct Evidence {
    spf_check::Verdict spf = spf_check::Verdict::none;
    std::string spf_domain;  // of MAIL FROM, or HELO's for the null path; A-labels
    std::vector<dkim_check::SignatureVerdict> signatures;
};

struct Answer {
    Verdict verdict = Verdict::none;
    std::string reason;  // in words: "From domain bank.example, SPF passed for bulk.example, no signature"
    dmarc::Author author;
    std::string organisation;   // of the author's domain; empty where it is not known
    std::string policy_domain;  // whose record it is; empty: none applies
    std::optional<dmarc::Record> record;
    std::string policy_tag;                         // "p", "sp" or "np"
    dmarc::Policy published = dmarc::Policy::none;  // what that tag says
    dmarc::Policy policy = dmarc::Policy::none;  // for this message: none unless it failed; t=, pct= applied
    bool softened = false;                       // by t= or pct=
    bool spf_aligned = false, dkim_aligned = false;  // passed, and for the author's organisation
};

// "DMARC fail: From domain bank.example, ..."
std::string in_words(const Answer& answer);

net::Task<Answer> evaluate(net::DnsBudget* dns, dmarc::Author author, Evidence evidence, Options options);

}  // namespace heliopost::dmarc_check
