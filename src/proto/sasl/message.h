// The attribute lists of SCRAM messages, read the same way by both ends. Internal to server.cc and client.cc.
//
// RFC 5802 §5.1, §7 (ABNF).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/cursor.h"
#include "base/result.h"

namespace heliopost::sasl {

// "x=" value, up to the next "," or the end; moves behind the comma.
Result<std::string_view> take_attribute(Cursor& in, char name);

// saslname: "=2C" and "=3D" stand for "," and "=".
std::string encode_name(std::string_view name);
Result<std::string> decode_name(std::string_view text);

// gs2-header, with its commas; authzid decoded.
struct Gs2Header {
    std::string text;
    std::string authzid;
};
Result<Gs2Header> take_gs2_header(Cursor& in);

}  // namespace heliopost::sasl
