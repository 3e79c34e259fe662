// Checks of words on the command line: that they say something.
//
// An empty word would stand for "not given": a script whose variable is unset must not get a clear backup, or
// everybody's mail. Nothing of these shows in the manual.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace heliopost {

inline const CLI::Validator some_word(
    [](std::string& word) { return std::string(word.empty() ? "an empty word says nothing" : ""); }, "");

inline const CLI::Validator some_id(
    [](std::string& word) {
        const bool blank = word.find_first_not_of(" \t<>") == std::string::npos;
        return std::string(blank ? "an empty Message-ID says nothing" : "");
    },
    "");

}  // namespace heliopost
