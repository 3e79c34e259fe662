// Where the tests find the MIME vectors, which are no part of the project.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#ifndef HELIOPOST_SHARED_DATA
#define HELIOPOST_SHARED_DATA "../shared/data"  // for who compiles this header alone, from the project's root
#endif

namespace heliopost::mime {

inline const std::filesystem::path mail_parser_vectors =
    std::filesystem::path(HELIOPOST_SHARED_DATA) / "mime-mail-parser";
inline const std::filesystem::path mime4j_vectors =
    std::filesystem::path(HELIOPOST_SHARED_DATA) / "mime-mime4j";

inline std::string read_vector(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace heliopost::mime
