#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/pop3/command.h"

// What parses must print to a line that parses to the same command.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const auto first = pop3::parse_command({reinterpret_cast<const char*>(octets), size});
    if (!first) return 0;
    std::string line(pop3::name_of(first->verb));
    const auto& command = *first;
    if (command.message) line += ' ' + std::to_string(*command.message);
    if (first->verb == pop3::Verb::top) line += ' ' + std::to_string(first->lines);
    if (!first->text.empty()) line += ' ' + first->text;
    if (command.initial_response) line += ' ' + *command.initial_response;
    const auto second = pop3::parse_command(line);
    if (!second || *second != *first) std::abort();
    return 0;
}
