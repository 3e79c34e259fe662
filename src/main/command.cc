#include "main/command.h"

#include <cstdio>

#include "base/json_writer.h"
#include "base/text.h"

namespace heliopost {

int report(const CommonOptions& common, const Error& error, int code) {
    if (common.json) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.field("error", error.text);
        json.end_object();
        std::fprintf(stderr, "%s\n", out.c_str());
    } else {
        std::fprintf(stderr, "heliopost: %s\n", printable(error.text).c_str());
    }
    return code;
}

int show(const CommonOptions& common, const admin::Answer& answer) {
    if (common.json) {
        std::fputs(admin::to_json_rows(answer).c_str(), stdout);
    } else if (!answer.message.empty()) {
        for (const std::string_view line : split(answer.message, '\n'))
            std::printf("%s\n", printable(line).c_str());
    } else {
        std::fputs(admin::to_table(answer).c_str(), stdout);
    }
    return exit_good;
}

int command_options(const CommonOptions& common) {
    admin::Answer answer{"", {"key", "type", "default", "meaning"}, {}};
    for (const OptionReference& option : option_reference())
        answer.rows.push_back({std::string(option.key), std::string(option.type),
                               std::string(option.standard), std::string(option.meaning)});
    return show(common, answer);
}

}  // namespace heliopost
