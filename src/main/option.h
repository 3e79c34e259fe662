// Option: one key of the configuration file and how its value reaches the Settings.
#pragma once

#include <toml++/toml.h>

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "main/settings.h"

namespace heliopost {

struct Option {
    OptionReference reference;
    std::function<Result<void>(Settings&, const toml::node&)> set;
};

const std::vector<Option>& options();

// "90s", "5m", "4h", "5d". "50MiB", "1GiB", or a plain number of octets.
Result<std::chrono::seconds> parse_duration(std::string_view text);
Result<std::uint64_t> parse_octets(std::string_view text);

}  // namespace heliopost
