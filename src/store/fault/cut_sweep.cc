#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

#include "store/fault/fault_engine.h"
#include "store/fault/fault_load.h"
#include "store/fault/fault_sweep.h"

namespace heliopost::store::fault {
namespace {

constexpr size_t memtable_octets = 64 * 1024;   // so that tables are written and compacted all the time
constexpr std::uint64_t commits_max = 100'000;  // of one life; never reached
constexpr size_t blobs_max = 100'000;

// A day has passed since the last life, so that blobs of messages that went then go now.
void sweep_blobs(FaultEngine& engine, FaultLedger& ledger) {
    engine.world.ahead += BlobStore::unused_before_sweep + std::chrono::hours(1);
    const auto swept = engine.world.run(engine.store->blobs().sweep(engine.world.now(), blobs_max));
    if (!swept) ledger.findings.add("broken", swept.error().text);
}

// Where what the cut left stays for whoever looks into a finding.
std::string keep(const Image& left) {
    const std::string kept =
        (std::filesystem::temp_directory_path() / ("heliopost-fault-" + std::to_string(::getpid()))).string();
    write_image(left, kept);
    return kept;
}

}  // namespace

CutFigures sweep_cuts(const CutOptions& options) {
    FaultEngine engine(options.seed, memtable_octets);
    FaultLedger ledger;
    CutFigures figures;
    for (std::uint64_t n = options.first; n <= options.last && !ledger.findings.any(); n += options.every) {
        if (options.lying) engine.disk->lie(".log");
        if (options.tearing) engine.disk->tear("MANIFEST-");
        engine.disk->plan({.trouble = Trouble::power_cut, .at_step = n});
        auto opened = engine.open();
        if (engine.disk->cut()) {
            ++figures.while_opening;
        } else if (opened) {
            ledger.check(*engine.store, engine.world);
            if (ledger.findings.any())
                ledger.findings.add(
                    "broken", "step " + std::to_string(n) +
                                  ": found after the cut before it; what the cut left: " + keep(engine.left));
            sweep_blobs(engine, ledger);
            FaultLoad(*engine.store, *engine.disk, ledger, options.seed + n).run(engine.world, commits_max);
        }
        if (!opened)
            ledger.findings.add("broken", "step " + std::to_string(n) + ": " + opened.error().text +
                                              "; what the cut left: " + keep(engine.left));
        figures.steps += n;
        ++figures.cuts;
        engine.power_off();
    }
    if (!ledger.findings.any()) {
        if (const auto opened = engine.open(); opened)
            ledger.check(*engine.store, engine.world);
        else
            ledger.findings.add("broken", opened.error().text);
    }
    figures.acknowledgements = ledger.acknowledgements;
    figures.findings = std::move(ledger.findings);
    return figures;
}

}  // namespace heliopost::store::fault
