#include "main/reference.h"

#include <CLI/CLI.hpp>

namespace heliopost {
namespace {

ArgumentReference argument_of(const CLI::Option& option) {
    ArgumentReference out;
    for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
    for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
    out.meaning = option.get_description();
    const bool flag = option.get_expected_max() == 0;
    if (!flag) out.value = out.names.empty() ? option.get_name(true) : option.get_type_name();
    if (!flag) out.standard = option.get_default_str();
    out.environment = option.get_envname();
    out.required = option.get_required();
    out.many = option.get_items_expected_max() > 1;
    return out;
}

CommandReference command_of(const CLI::App& app, const std::string& name) {
    CommandReference out{name, app.get_description(), {}, {}};
    for (const CLI::Option* option : app.get_options()) out.arguments.push_back(argument_of(*option));
    for (const CLI::App* command : app.get_subcommands(std::function<bool(const CLI::App*)>{}))
        out.commands.push_back(
            command_of(*command, name.empty() ? command->get_name() : name + " " + command->get_name()));
    return out;
}

}  // namespace

CommandReference reference_of(const CLI::App& app) {
    return command_of(app, "");
}

}  // namespace heliopost
