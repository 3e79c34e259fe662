// Sweeps of faults over a store: the power goes, or the disk fails, at step n, for many n; after each the
// store is opened on what the disk has, and held against what was acknowledged. For tests;
// docs/reliability.md.
#pragma once

#include <cstdint>

#include "store/fault/fault_disk.h"
#include "store/fault/fault_ledger.h"

namespace heliopost::store::fault {

// One store lives through all cuts: the n-th life ends at its n-th step, the first ones while it opens.
struct CutOptions {
    std::uint64_t first = 1, last = 100, every = 1;
    std::uint64_t seed = 1;
    bool tearing = false;  // the manifest is torn by sectors at every cut
    bool lying = false;    // the disk says that it synced the log and does not: the negative control
};
struct CutFigures {
    std::uint64_t cuts = 0, while_opening = 0, steps = 0, acknowledgements = 0;
    Findings findings;
};
CutFigures sweep_cuts(const CutOptions& options);

// One store, one failing step, in the calling process, which must be one that forks nothing and ends after
// it.
enum class Ending : std::uint8_t {
    stopped,   // the engine ended the process, as it must
    refused,   // the store did not open, and said so
    unharmed,  // the step was one that nobody's mail rests on
    unasked,   // the life had fewer steps
    broken,    // findings, which it has printed
};
Ending fail_once(Plan plan, std::uint64_t seed);

}  // namespace heliopost::store::fault
