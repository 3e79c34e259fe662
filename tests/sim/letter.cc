#include "sim/letter.h"

#include <cstdlib>

#include "sim/random.h"

namespace heliopost::sim {
namespace {

constexpr std::string_view id_field = "X-Id: ";
constexpr std::uint64_t letters_stream = 0x1E77E5;
constexpr std::size_t large_octets = 300'000;  // more than one chunk of a blob

// Lines that a transfer must not change: dots, blanks at the end, nothing, octets beyond ASCII, "From ".
std::string line(Random& random) {
    static constexpr std::string_view some[] = {".",    "..",          ".hidden", "",      "From here ",
                                                "\tx ", "caf\xc3\xa9", "--",      "BODY[]"};
    if (random.one_in(3)) return std::string(some[random.below(std::size(some))]);
    return std::string(random.below(76), static_cast<char>('a' + random.below(26)));
}

}  // namespace

int Letters::write(std::string_view from, std::string_view to) {
    written_.emplace_back(from, to);
    return last();
}

std::string Letters::text(int id) const {
    const auto& [from, to] = written_.at(static_cast<std::size_t>(id - 1));
    Random random(static_cast<std::uint64_t>(id), letters_stream);
    std::string text = "From: <" + from + ">\r\nTo: <" + to +
                       ">\r\nDate: Mon, 23 Nov 2026 08:00:00 +0000\r\nMessage-ID: <" + std::to_string(id) +
                       "@sim.example>\r\nSubject: message\r\n" + std::string(id_field) + std::to_string(id) +
                       "\r\n\r\n";
    const std::size_t octets = id % 97 == 0 ? large_octets : random.below(2'500);
    const std::size_t end = text.size() + octets;
    while (text.size() < end) text += line(random) + "\r\n";
    return text;
}

int id_of(std::string_view stored) {
    // A notification quotes the header of what it is about: its own has none.
    const auto header = stored.substr(0, stored.find("\r\n\r\n"));
    const auto at = header.find("\r\nX-Id: ");
    return at == std::string_view::npos ? 0 : std::atoi(std::string(header.substr(at + 8, 12)).c_str());
}

bool Letters::is_as_sent(std::string_view stored, int id) const {
    return id > 0 && id <= last() && stored.ends_with(text(id));
}

}  // namespace heliopost::sim
