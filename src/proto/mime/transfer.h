// Content transfer encodings.
//
// Decoders are lenient and take chunks of any size: octets outside the base64 alphabet are skipped, "=" is
// padding wherever it stands, a "=" of quoted-printable that means nothing stays as it is. 7bit, 8bit, binary
// and unknown encodings pass unchanged.
//
// RFC 2045 §6.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heliopost::mime {

enum class TransferEncoding : std::uint8_t { identity, base64, quoted_printable, uuencode, unknown };

// "base64" in any case, with comments, quotes and stray punctuation around it; "" is identity.
TransferEncoding parse_transfer_encoding(std::string_view value);

class TransferDecoder {
public:
    explicit TransferDecoder(TransferEncoding encoding) : encoding_(encoding) {}

    // Appends to out what is certain so far.
    void feed(std::string_view octets, std::string& out);
    void finish(std::string& out);

    // False once something was skipped or guessed.
    bool clean() const { return clean_; }

private:
    void feed_base64(std::string_view octets, std::string& out);
    void finish_base64_group(std::string& out);
    void feed_quoted_printable(std::string_view octets, std::string& out);
    void quoted_octet(char c, std::string& out);
    void feed_uuencode(std::string_view octets, std::string& out);
    void uu_line(std::string& out);

    TransferEncoding encoding_;
    bool clean_ = true;
    std::uint32_t bits_ = 0;  // base64: of the group so far
    unsigned digits_ = 0;     // base64: in the group so far
    bool padded_ = false;     // base64: "=" seen in this group
    std::string pending_;     // quoted-printable: "=", "=X" or white space at the end; uuencode: a line
    std::uint8_t uu_state_ = 0;
};

std::string decode_transfer(TransferEncoding encoding, std::string_view octets);

// Lines of 76 characters, each ended by CRLF: RFC 2045 §6.8.
std::string encode_base64_lines(std::string_view octets);

// Text whose lines end in CRLF; a lone CR or LF is encoded. Lines of at most 76 characters: §6.7.
std::string encode_quoted_printable(std::string_view text);

}  // namespace heliopost::mime
