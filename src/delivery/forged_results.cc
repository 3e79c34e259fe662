#include "delivery/forged_results.h"

#include <utility>

#include "base/text.h"
#include "proto/mime/header.h"
#include "proto/results/results.h"

namespace heliopost::delivery {
namespace {

constexpr std::string_view field_name = "Authentication-Results";

bool is_one(std::string_view line) {
    const auto name = mime::field_name(line);
    return same_ignoring_case(name ? *name : mime::disguised_name(line), field_name);
}

}  // namespace

std::string ForgedResults::feed(std::string_view octets) {
    std::string out;
    while (!octets.empty() && !passed_) {
        const std::size_t lf = octets.find('\n');
        const std::size_t taken = lf == std::string_view::npos ? octets.size() : lf + 1;
        line_ += octets.substr(0, taken);
        octets.remove_prefix(taken);
        if (lf == std::string_view::npos && line_.size() <= forged_octets_max) break;
        take_line(out, std::exchange(line_, {}));
        rest_of_line_ = lf == std::string_view::npos;
    }
    return out += octets;
}

void ForgedResults::take_line(std::string& out, std::string_view line) {
    if (!rest_of_line_ && !is_space(line.front())) {
        end_field(out);
        passed_ = line == "\r\n" || line == "\n";
        in_field_ = !passed_ && is_one(line);
    }
    if (!in_field_)
        out += line;
    else if (field_.size() <= forged_octets_max)
        field_ += line;
}

void ForgedResults::end_field(std::string& out) {
    if (!std::exchange(in_field_, false)) return;
    const std::string field = std::exchange(field_, {});
    const std::string_view value = std::string_view(field).substr(field.find(':') + 1);
    if (field.size() > forged_octets_max || results::claims_to_be(value, *names_))
        ++taken_out_;
    else
        out += field;
}

std::string ForgedResults::finish() {
    std::string out;
    if (!line_.empty()) take_line(out, std::exchange(line_, {}));
    end_field(out);
    passed_ = true;
    return out;
}

}  // namespace heliopost::delivery
