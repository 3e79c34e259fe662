#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/imap/command.h"

namespace {

using namespace heliopost::imap;

constexpr ReaderLimits limits{.line_octets = 80,
                              .literals = 3,
                              .literal_octets = 60,
                              .unsolicited_octets = 40,
                              .swallowed_octets = 200};

// What the reader says of these octets, cut as the seed says; seed 0: in one piece.
std::string read(std::string_view octets, unsigned seed) {
    CommandReader reader(limits);
    std::string told;
    while (!octets.empty()) {
        const unsigned random = seed == 0 ? 0 : (seed = seed * 1'103'515'245 + 12'345) >> 16;
        std::string_view part = octets.substr(0, seed == 0 ? octets.size() : random % 7 + 1);
        octets.remove_prefix(part.size());
        while (!part.empty()) {
            const auto step = reader.feed(part);
            if (step.taken > part.size()) std::abort();
            part.remove_prefix(step.taken);
            using Event = CommandReader::Event;
            if (reader.text().size() > limits.line_octets + limits.literal_octets + 2) std::abort();
            switch (step.event) {
                case Event::more:
                    if (!part.empty()) std::abort();
                    break;
                case Event::continuation:
                    told += "+\n";
                    break;
                case Event::append:
                    told += "append " + std::string(reader.text());
                    if (reader.literal().octets % 2 == 0)
                        reader.accept_append();
                    else if (!reader.refuse_append())
                        told += "lost\n";
                    break;
                case Event::octets:
                    told += step.chunk;
                    break;
                case Event::command:
                    told += "command " + std::string(reader.text()) + "\n";
                    if (reader.text().ends_with("IDLE")) reader.expect_line();
                    break;
                case Event::line:
                    told += "line " + std::string(reader.text()) + "\n";
                    break;
                case Event::bad:
                    told += "bad " + std::string(reader.tag()) + reader.error().text +
                            (reader.hang_up() ? "!\n" : "\n");
                    break;
            }
        }
    }
    return told;
}

}  // namespace

// However the octets are cut, the reader says the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    const std::string_view octets(reinterpret_cast<const char*>(data), size);
    const std::string whole = read(octets, 0);
    for (const unsigned seed : {1U, 2U, 3U})
        if (read(octets, seed) != whole) std::abort();
    return 0;
}
