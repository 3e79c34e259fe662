#include "main/completion.h"

#include <algorithm>
#include <vector>

namespace heliopost {
namespace {

// All commands, the program first.
void collect(const CommandReference& command, std::vector<const CommandReference*>* out) {
    out->push_back(&command);
    for (const CommandReference& one : command.commands) collect(one, out);
}

std::vector<const CommandReference*> all_of(const CommandReference& program) {
    std::vector<const CommandReference*> out;
    collect(program, &out);
    return out;
}

// Options of a command: its own, and the program's, which may stand anywhere.
std::vector<const ArgumentReference*> options_of(const CommandReference& program,
                                                 const CommandReference& command) {
    std::vector<const ArgumentReference*> out;
    const auto take = [&](const ArgumentReference& one) {
        const bool told = std::ranges::any_of(out, [&](const auto* o) { return o->names == one.names; });
        if (!one.names.empty() && !told) out.push_back(&one);
    };
    for (const ArgumentReference& one : command.arguments) take(one);
    for (const ArgumentReference& one : program.arguments) take(one);
    return out;
}

std::string last_word(const std::string& name) {
    return name.substr(name.rfind(' ') + 1);
}

bool is_path(const ArgumentReference& option) {
    return option.value == "FILE" || option.value == "DIRECTORY";
}

// "--config|-c|--key": a pattern of a shell's case; which: those that it says yes to.
template <class Which>
std::string pattern_of(const CommandReference& program, std::string_view separator, Which which) {
    std::vector<std::string> names;
    for (const CommandReference* command : all_of(program))
        for (const ArgumentReference& one : command->arguments)
            if (which(one))
                for (const std::string& name : one.names)
                    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : std::string(separator)) + name;
    return out;
}

bool takes_path(const ArgumentReference& option) {
    return is_path(option);
}

bool takes_other(const ArgumentReference& option) {
    return !option.value.empty() && !is_path(option);
}

bool takes_value(const ArgumentReference& option) {
    return !option.value.empty();
}

// In single quotes.
std::string in_quotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text) c == '\'' ? out += "'\\''" : out += c;
    return out + "'";
}

std::string words_of(const CommandReference& program, const CommandReference& command) {
    std::string out;
    for (const CommandReference& one : command.commands) out += last_word(one.name) + " ";
    for (const ArgumentReference* option : options_of(program, command))
        for (const std::string& name : option->names) out += name + " ";
    if (!out.empty()) out.pop_back();
    return out;
}

std::string known_paths(const CommandReference& program) {
    std::string out;
    for (const CommandReference* command : all_of(program))
        if (!command->name.empty()) out += (out.empty() ? "\"" : "|\"") + command->name + "\"";
    return out;
}

constexpr std::string_view head = "# Made by `heliopost completion`: do not edit.\n";

std::string bash(const CommandReference& program) {
    std::string out(head);
    out +=
        "_heliopost() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} at='' skip='' word i\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        word=${COMP_WORDS[i]}\n"
        "        if [[ -n $skip ]]; then skip=''; continue; fi\n"
        "        case $word in\n"
        "        " +
        pattern_of(program, "|", takes_value) +
        ") skip=$word ;;\n"
        "        -*) ;;\n"
        "        *) case ${at:+$at }$word in " +
        known_paths(program) +
        ") at=${at:+$at }$word ;; esac ;;\n"
        "        esac\n"
        "    done\n"
        "    COMPREPLY=()\n"
        "    case $skip in\n"
        "    " +
        pattern_of(program, "|", takes_path) +
        ") compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); return "
        ";;\n"
        "    ?*) return ;;\n"
        "    esac\n"
        "    local words=''\n"
        "    case $at in\n";
    for (const CommandReference* command : all_of(program))
        out +=
            "    " + in_quotes(command->name) + ") words=" + in_quotes(words_of(program, *command)) + " ;;\n";
    out +=
        "    esac\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
        "}\n"
        "complete -F _heliopost heliopost\n";
    return out;
}

// "word:meaning" of _describe.
std::string described(const std::string& word, const std::string& meaning) {
    std::string escaped;
    for (const char c : word) {
        if (c == ':') escaped += '\\';
        escaped += c;
    }
    return in_quotes(escaped + ":" + meaning);
}

std::string zsh(const CommandReference& program) {
    std::string out = "#compdef heliopost\n" + std::string(head);
    out +=
        "_heliopost() {\n"
        "    local at='' skip='' word i\n"
        "    local -a entries\n"
        "    for ((i = 2; i < CURRENT; i++)); do\n"
        "        word=${words[i]}\n"
        "        if [[ -n $skip ]]; then skip=''; continue; fi\n"
        "        case $word in\n"
        "        (" +
        pattern_of(program, "|", takes_value) +
        ") skip=$word ;;\n"
        "        (-*) ;;\n"
        "        (*) case ${at:+$at }$word in (" +
        known_paths(program) +
        ") at=${at:+$at }$word ;; esac ;;\n"
        "        esac\n"
        "    done\n"
        "    case $skip in\n"
        "    (" +
        pattern_of(program, "|", takes_path) +
        ") _files; return ;;\n"
        "    (?*) return ;;\n"
        "    esac\n"
        "    case $at in\n";
    for (const CommandReference* command : all_of(program)) {
        out += "    (" + in_quotes(command->name) + ") entries=(\n";
        for (const CommandReference& one : command->commands)
            out += "        " + described(last_word(one.name), one.meaning) + "\n";
        for (const ArgumentReference* option : options_of(program, *command))
            for (const std::string& name : option->names)
                out += "        " + described(name, option->meaning) + "\n";
        out += "    ) ;;\n";
    }
    out +=
        "    esac\n"
        "    _describe -o 'heliopost' entries\n"
        "}\n"
        "if [[ ${funcstack[1]} == _heliopost ]]; then _heliopost \"$@\"; else compdef _heliopost heliopost; "
        "fi\n";
    return out;
}

std::string fish(const CommandReference& program) {
    std::string out(head);
    out +=
        "function __heliopost_at\n"
        "    set -l words (commandline -opc)\n"
        "    set -e words[1]\n"
        "    set -l at ''\n"
        "    set -l skip 0\n"
        "    for word in $words\n"
        "        if test $skip = 1\n"
        "            set skip 0\n"
        "            continue\n"
        "        end\n"
        "        switch $word\n"
        "            case " +
        pattern_of(program, " ", takes_value) +
        "\n"
        "                set skip 1\n"
        "            case '-*'\n"
        "            case '*'\n"
        "                set -l next (string trim \"$at $word\")\n"
        "                if contains -- $next";
    for (const CommandReference* command : all_of(program))
        if (!command->name.empty()) out += " " + in_quotes(command->name);
    out +=
        "\n                    set at $next\n"
        "                end\n"
        "        end\n"
        "    end\n"
        "    test \"$at\" = \"$argv[1]\"\n"
        "end\n"
        "complete -c heliopost -f\n";
    for (const CommandReference* command : all_of(program)) {
        const std::string line =
            "complete -c heliopost -n " + in_quotes("__heliopost_at \"" + command->name + "\"");
        for (const CommandReference& one : command->commands)
            out += line + " -a " + last_word(one.name) + " -d " + in_quotes(one.meaning) + "\n";
        for (const ArgumentReference* option : options_of(program, *command)) {
            out += line;
            for (const std::string& name : option->names)
                out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            if (takes_other(*option)) out += " -x";
            if (is_path(*option)) out += " -r -F";
            out += " -d " + in_quotes(option->meaning) + "\n";
        }
    }
    return out;
}

}  // namespace

std::string completion_script(const CommandReference& program, Shell shell) {
    switch (shell) {
        case Shell::bash:
            return bash(program);
        case Shell::zsh:
            return zsh(program);
        case Shell::fish:
            return fish(program);
    }
    return "";
}

}  // namespace heliopost
