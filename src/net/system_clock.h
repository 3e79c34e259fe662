// The real clocks, for SystemWorld and for what lives below any World: the engine of the store.
//
// All else asks its World, so that it runs under virtual time too.
#pragma once

#include "base/time.h"

namespace heliopost::net {

Time system_now();
Instant system_tick();

}  // namespace heliopost::net
