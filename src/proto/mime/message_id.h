// Message-ID, In-Reply-To and References.
//
// RFC 5322 §3.6.4 and §4.5.4.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/mime/envelope.h"

namespace heliopost::mime {

inline constexpr size_t message_ids_max = 1'000;  // of one field: more is an attack, or a very old thread

// What stands between < and >, white space and comments removed, in order. Without any "<" the words that
// hold an "@" count, as old senders wrote them.
std::vector<std::string> parse_message_ids(std::string_view value);

// The id that names the message's thread: the first of References, else of In-Reply-To, else the message's
// own. Nothing where it has none.
std::optional<std::string> thread_source(const Envelope& envelope);

}  // namespace heliopost::mime
