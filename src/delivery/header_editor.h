// HeaderEditor: what a submission server adds to and takes from a message's header while it arrives.
//
// Adds a missing Date and Message-ID (RFC 6409 §8.2, §8.3); removes Bcc and Resent-Bcc, which the other
// recipients must not see (RFC 5322 §3.6.3), and a Return-Path, which is not the client's to say (RFC 5321
// §4.4). All other octets pass unchanged. It holds the header only, up to submitted_header_max.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace heliopost::delivery {

inline constexpr std::size_t submitted_header_max = std::size_t{1} << 20;

struct MissingFields {
    std::string date;        // the value to add where Date is missing
    std::string message_id;  // likewise, with its brackets
};

class HeaderEditor {
public:
    explicit HeaderEditor(MissingFields missing) : missing_(std::move(missing)) {}

    // The octets to store so far; empty while the header is not whole. Fails with Fault::too_large, or with
    // Fault::syntax for a name with octets of no name in it that is From, Sender or one that is removed to
    // readers who pass over them; it need not be called again.
    Result<std::string> feed(std::string_view octets);
    // At the end of the message: what is left when the header never ended. Fails with Fault::syntax likewise.
    Result<std::string> finish();

    // From here on octets pass as they are: they need not be fed.
    bool passed() const { return passed_; }

    const std::string& header() const { return edited_; }  // as stored, once it is whole

private:
    Result<std::string> edit() const;

    MissingFields missing_;
    std::string held_;
    std::string edited_;
    std::size_t searched_ = 0;
    bool passed_ = false;
};

}  // namespace heliopost::delivery
