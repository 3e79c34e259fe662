// For fuzz targets of what signs headers.
#pragma once

#include <string>
#include <string_view>

#include "proto/mime/header.h"

namespace heliopost::dkim_check {

// Only what is a field, each with its line end: what stands in front of it stays in the same header.
inline std::string fields_of(std::string_view block) {
    std::string out;
    mime::FieldReader fields(block);
    while (const auto field = fields.next()) {
        std::string_view text = block.substr(field->begin, field->end - field->begin);
        while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
        out += std::string(text) + "\r\n";
    }
    return out;
}

}  // namespace heliopost::dkim_check
