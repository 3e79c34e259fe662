// LinePrompt: challenges of protocols that speak in lines (SMTP: RFC 4954 §4; POP3: RFC 5034 §4).
//
// Throws Gone when the client closes instead of an answer, TimedOut and Stopped as its stream does.
#pragma once

#include <chrono>
#include <string>

#include "net/line_reader.h"
#include "net/stream.h"
#include "net/world.h"
#include "server/sasl/exchange.h"

namespace heliopost::server_sasl {

class LinePrompt final : public Prompt {
public:
    enum class LineEnd : std::uint8_t { crlf, crlf_or_lf };
    struct Manner {
        std::string prefix;  // of a challenge: "334 "
        LineEnd line_end = LineEnd::crlf;
        std::chrono::milliseconds answer_time_max{};
    };

    // The three outlive it.
    LinePrompt(net::World& world, net::Stream& stream, net::LineReader& reader, Manner manner)
        : world_(world), stream_(stream), reader_(reader), manner_(std::move(manner)) {}

    net::Task<Result<std::string>> ask(std::string challenge) override;

private:
    net::World& world_;
    net::Stream& stream_;
    net::LineReader& reader_;
    const Manner manner_;
};

}  // namespace heliopost::server_sasl
