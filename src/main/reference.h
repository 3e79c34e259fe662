// What the command line understands, as values: from the one tree that parses it (main.cc), for the manual
// pages and the shells' completion, which can say nothing else than the program does.
#pragma once

#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace heliopost {

struct ArgumentReference {
    std::vector<std::string> names;  // "--config", "-c"; empty: it is known by its place
    std::string value;               // "FILE", "ADDRESS"; empty: a flag
    std::string meaning;
    std::string standard;     // as it would be written; may be empty
    std::string environment;  // the variable that gives it, too; may be empty
    bool required = false;
    bool many = false;
};

struct CommandReference {
    std::string name;  // "account add"; empty: the program
    std::string meaning;
    std::vector<ArgumentReference> arguments;  // in the order of the tree
    std::vector<CommandReference> commands;
};

CommandReference reference_of(const CLI::App& app);

}  // namespace heliopost
