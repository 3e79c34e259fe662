// The parameters behind MAIL and RCPT: split, then each checked against what was announced. Internal to
// command.cc.
//
// RFC 5321 §4.1.2 (esmtp-param), §4.1.1.11 (555).
#pragma once

#include <expected>
#include <vector>

#include "base/cursor.h"
#include "proto/smtp/command.h"

namespace heliopost::smtp {

using Checked = std::expected<void, Reply>;

// 501 5.5.4: an argument that cannot be read.
inline std::unexpected<Reply> bad_argument(std::string text) {
    return std::unexpected(Reply(501, {5, 5, 4}, std::move(text)));
}

std::expected<std::vector<Parameter>, Reply> parse_parameters(Cursor& in);

// Read mail.parameters into the other members; rcpt likewise.
Checked check_parameters(Mail& mail, Extensions announced);
Checked check_parameters(Rcpt& rcpt, Extensions announced);

}  // namespace heliopost::smtp
