// Completion: how a command ended: the tagged line, and what may be said before it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "proto/imap/response_code.h"

namespace heliopost::imap_server {

struct Completion {
    imap::Condition condition = imap::Condition::ok;
    std::string code;  // resp-text-code without its brackets; may be empty
    std::string text;  // empty: "<COMMAND> completed"
};

inline Completion completed(std::string code = {}, std::string text = {}) {
    return {imap::Condition::ok, std::move(code), std::move(text)};
}
inline Completion refused(std::string_view code, std::string text) {
    return {imap::Condition::no, std::string(code), std::move(text)};
}
inline Completion bad(std::string text) {
    return {imap::Condition::bad, {}, std::move(text)};
}

// The one table from an Error to its IMAP answer: RFC 5530.
Completion refusal(const Error& error);

}  // namespace heliopost::imap_server
