// Comments and folding white space, which may stand between the words of structured fields; for the parsers
// of this folder.
//
// RFC 5322 §3.2.2 and §3.2.4.
#pragma once

#include <string>

#include "base/cursor.h"

namespace heliopost::mime {

constexpr bool is_white(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Past white space and comments, nested to any depth. Appends the comments' text to `comments`, if given,
// with one space between two of them.
void skip_cfws(Cursor& in, std::string* comments = nullptr);

// What stands between the quotes, quoted pairs and folds undone. The cursor stands on the first quote; a
// missing last one ends with the text.
std::string take_quoted_string(Cursor& in);

}  // namespace heliopost::mime
