// The store's own suites once more: each restart in them is a power cut here.
#define HELIOPOST_ENGINES fault::FaultEngine
#include "store/fault/fault_engine.h"

#include "store/blob_test.cc"         // NOLINT: the suite of all engines
#include "store/conformance_test.cc"  // NOLINT: the same
