// sim SEED [--steps N] [--without I,J] [--twice] [--log] [--trace CLIENT]: one seed
// sim --seeds FROM-TO [--jobs N] | --nightly: many; stops at the first that fails
// sim --shrink SEED: the least of a failing seed that still fails
// --planted NAME, in sim_planted: with a bug that must be found (base/planted.h)
//
// The last line is the hash of all that happened: the same seed gives the same one.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/planted.h"
#include "base/text.h"
#include "sim/many.h"

namespace heliopost::sim {
namespace {

int usage() {
    std::fprintf(stderr,
                 "usage: sim SEED [--steps N] [--without I,J] [--twice] [--log] [--trace CLIENT]\n"
                 "       sim --seeds FROM-TO [--jobs N]\n"
                 "       sim --nightly [--jobs N]\n"
                 "       sim --shrink SEED\n");
    return 64;
}

}  // namespace
}  // namespace heliopost::sim

int main(int argc, char** argv) {
    using namespace heliopost;
    sim::Wish wish;
    sim::Range range;
    bool seeded = false, twice = false, log = false, shrink = false;
    int jobs = 2;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const bool more = i + 1 < argc;
        if (word == "--twice") {
            twice = true;
        } else if (word == "--log") {
            log = true;
        } else if (word == "--nightly") {
            range = sim::nightly;
        } else if (word == "--shrink") {
            shrink = true;
        } else if (word == "--steps" && more) {
            wish.steps = std::atoi(argv[++i]);
#ifdef HELIOPOST_PLANTS
        } else if (word == "--planted" && more) {
            planted_bug = argv[++i];
#endif
        } else if (word == "--trace" && more) {
            wish.traced = std::atoi(argv[++i]);
        } else if (word == "--jobs" && more) {
            jobs = std::atoi(argv[++i]);
        } else if (word == "--without" && more) {
            for (const auto one : split(argv[++i], ','))
                wish.without.insert(static_cast<std::size_t>(std::atoi(std::string(one).c_str())));
        } else if (word == "--seeds" && more) {
            const std::string_view both = argv[++i];
            const auto dash = both.find('-');
            range.from = to_number(both.substr(0, dash)).value_or(0);
            range.to = to_number(both.substr(dash == both.npos ? both.size() : dash + 1)).value_or(0);
        } else {
            seeded = std::from_chars(word.data(), word.data() + word.size(), wish.seed).ec == std::errc();
        }
    }
    if (range.to != 0 && range.from <= range.to && jobs > 0) return sim::run_many(range, jobs);
    if (!seeded || wish.steps < 0 || wish.steps > 1'000'000) return sim::usage();
    return shrink ? sim::shrink(wish) : sim::run_one(wish, twice, log);
}
