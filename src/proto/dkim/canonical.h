// Canonicalisation: what a signature covers of fields and body. RFC 6376 §3.4.
//
// Lines end in CRLF; a lone CR or LF is an octet as any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/mime/header.h"

namespace heliopost::dkim {

enum class Canonicalization : std::uint8_t { simple, relaxed };

// §3.4.1, §3.4.2, with its line end. The field lies in this block.
std::string canonical_field(Canonicalization how, std::string_view block, const mime::Field& field);

// The same for the text of a whole field, "Name: value\r\n".
std::string canonical_field(Canonicalization how, std::string_view text);

// Takes the canonical body in pieces: parts of what was fed, or of at most line_ends_octets that were held
// back.
class BodySink {
public:
    virtual void take(std::string_view octets) = 0;

protected:
    BodySink() = default;
    BodySink(const BodySink&) = default;
    BodySink& operator=(const BodySink&) = default;
    ~BodySink() = default;
};

inline constexpr std::size_t line_ends_octets = 1024;

// §3.4.3, §3.4.4. Push: the body as it comes, in pieces of any size. Holds back white space and empty lines
// that may be the last, as a count; never more.
class BodyCanonicalizer {
public:
    explicit BodyCanonicalizer(Canonicalization how) : how_(how) {}

    void feed(std::string_view octets, BodySink& out);
    void finish(BodySink& out);  // once, at the end of the body

private:
    void flush(BodySink& out);
    void feed_octet(char octet, BodySink& out);

    Canonicalization how_;
    bool return_seen_ = false;  // a CR that may begin a line end
    bool space_ = false;        // relaxed: white space that may be the line's last
    bool any_ = false;
    std::uint64_t lines_ = 0;  // line ends that may be the body's last
};

}  // namespace heliopost::dkim
