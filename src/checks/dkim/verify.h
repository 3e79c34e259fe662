// DKIM: which domains stand behind this message? RFC 6376 §6, RFC 8301, RFC 8463.
//
//   dkim_check::Verifier verifier(header_block);
//   verifier.feed(body);                                    // as it comes, once
//   const auto verdicts = co_await verifier.finish(&dns, world.now());
//
// Looks at the first signatures_max signatures and says so of the others. A signature over a part of the body
// (l=) is reported, not believed: anybody may have written the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "checks/dkim/body_hash.h"
#include "net/dns.h"
#include "proto/dkim/key_record.h"
#include "proto/dkim/signature.h"

namespace heliopost::dkim_check {

inline constexpr size_t signatures_max = 5;
inline constexpr size_t key_records_max = 5;  // TXT records of one selector that are tried
inline constexpr std::chrono::minutes clock_error_max{15};

// RFC 8601 §2.7.1
enum class Verdict : std::uint8_t { none, pass, fail, policy, neutral, temp_error, perm_error };

struct SignatureVerdict {
    Verdict verdict = Verdict::none;
    std::string reason;     // in words; of a pass, the key: "rsa-sha256, 2048 bits"
    std::string domain;     // d=; empty where the field cannot be read
    std::string selector;   // s=
    std::string identity;   // i=
    std::string algorithm;  // a=
    std::string mark;       // the first octets of b=, which tell signatures apart: RFC 6008
    bool testing = false;   // the key says t=y
};

std::string_view name_of(Verdict verdict);

class Verifier {
public:
    // header: the whole block, up to the empty line; copied.
    explicit Verifier(std::string header);

    bool has_signatures() const { return !signatures_.empty(); }
    void feed(std::string_view body);
    // One verdict a signature, in the order of the fields; none where nothing is signed.
    net::Task<std::vector<SignatureVerdict>> finish(net::DnsBudget* dns, Time now);

private:
    struct Place {
        std::string field;  // whole, with its line end
        std::optional<dkim::Signature> signature;
        SignatureVerdict verdict;  // set before finish() where there is nothing to verify
        std::size_t body = 0;      // which of bodies_
    };
    void add(std::string_view field, std::string_view value);
    std::size_t body_for(const dkim::Signature& signature);
    net::Task<SignatureVerdict> verify(Place* place, net::DnsBudget* dns, Time now);

    std::string header_;
    std::vector<Place> signatures_;
    std::vector<BodyHash> bodies_;
};

// The key records of a selector: found, or the verdict that their lack is.
struct Keys {
    std::vector<dkim::KeyRecord> records;
    Verdict verdict = Verdict::none;
    std::string reason;
};
net::Task<Keys> find_keys(net::DnsBudget* dns, std::string selector, std::string domain);

// Whether the key fits and the signature over this hash is its; the reason in words.
SignatureVerdict verify_hash(const dkim::KeyRecord& key, const dkim::Signature& signature,
                             std::string_view sha256);

}  // namespace heliopost::dkim_check
