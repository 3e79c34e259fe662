// Option: one key of the configuration file and how its value reaches the Settings.
#pragma once

#include <toml++/toml.h>

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "main/settings.h"

namespace heliopost {

// A key's value in the Settings.
struct Access {
    std::function<Result<void>(Settings&, const toml::node&)> set;
    std::function<bool(const Settings&, const Settings&)> same;
    std::function<void(Settings& to, const Settings& from)> copy;
};

struct Option {
    OptionReference reference;
    Access value;
    bool at_run_time = false;  // a running server takes it over at a reload
};

const std::vector<Option>& options();

// "90s", "5m", "4h", "5d". "50MiB", "1GiB", or a plain number of octets.
Result<std::chrono::seconds> parse_duration(std::string_view text);
Result<std::uint64_t> parse_octets(std::string_view text);

}  // namespace heliopost
