// Tag lists: "v=1; a=rsa-sha256; b=...", as DKIM, ARC and DMARC write them. RFC 6376 §3.2.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace heliopost::dkim {

inline constexpr size_t tags_max = 64;  // the registries know fewer than twenty for any list

class TagList {
public:
    // Fails with Fault::syntax, on a tag that stands twice too; with Fault::too_large past tags_max.
    static Result<TagList> parse(std::string_view text);

    // The value without white space at its ends; names are case-sensitive.
    std::optional<std::string_view> find(std::string_view name) const;
    const std::vector<std::pair<std::string, std::string>>& tags() const { return tags_; }

private:
    std::vector<std::pair<std::string, std::string>> tags_;
};

// Without any white space, folds included: base64 and colon-separated lists may be broken anywhere.
std::string without_space(std::string_view value);

// The words between the separators, trimmed.
std::vector<std::string> words_of(std::string_view value, char separator);

// The text of a field with the value of one tag cut out, as a signature over its own field sees it (§3.7).
std::string without_value_of(std::string_view tag, std::string_view field);

}  // namespace heliopost::dkim
