// The system's clock, for the log alone: everything else asks its World.
#pragma once

#include "base/time.h"

namespace heliopost {

Time system_time();

}  // namespace heliopost
