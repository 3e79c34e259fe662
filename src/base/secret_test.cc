#include "base/secret.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <utility>

namespace heliopost {
namespace {

// The flags of the mapping that holds the address: "rd wr mr ... lo dd".
std::string flags_at(const void* place) {
    std::ifstream maps("/proc/self/smaps");
    const auto at = reinterpret_cast<std::uintptr_t>(place);
    bool here = false;
    for (std::string line; std::getline(maps, line);) {
        std::size_t end = 0;
        if (line.size() > 20 && line.find('-') < 17 && line.find('-') != std::string::npos) {
            const auto low = std::stoull(line, &end, 16);
            here = low <= at && at < std::stoull(line.substr(end + 1), nullptr, 16);
        }
        if (here && line.starts_with("VmFlags:")) return line;
    }
    return "";
}

}  // namespace

TEST_CASE("secret: its octets, also of a copy and of what was moved to") {
    Secret one("correct horse");
    CHECK(one.view() == "correct horse");
    Secret copy = one;
    CHECK(copy.view().data() != one.view().data());
    CHECK(copy == one);
    const Secret moved = std::move(one);
    CHECK(moved == copy);
    copy = Secret("other");
    CHECK(copy.view() == "other");
    copy = Secret();
    CHECK(copy.empty());
    CHECK(Secret("").view().empty());
    CHECK(Secret(std::string(10'000, 'x')).view() == std::string(10'000, 'x'));
}

TEST_CASE("secret: its page is left out of core dumps and may not be swapped") {
    const Secret secret("correct horse");
    const std::string flags = flags_at(secret.view().data());
    CHECK(flags.contains(" dd"));
    const bool may_lock = flags_at(secret.view().data()).contains(" lo");
    MESSAGE("locked: " << may_lock);  // not where the limit of locked memory is 0
}

TEST_CASE("secret: what it was taken from is wiped") {
    for (const std::string_view word : {"short", "longer than any small string is kept in place"}) {
        std::string text(word);
        const char* place = text.data();
        const Secret secret = Secret::take(text);
        CHECK(secret.view() == word);
        CHECK(text.empty());
        // The text still owns its room, and nothing of the word is in it.
        text.resize(text.capacity(), '\0');
        CHECK(text.data() == place);
        CHECK(text.find_first_not_of('\0') == std::string::npos);
    }
}

}  // namespace heliopost
