#include "main/system_time.h"

#include <time.h>

namespace heliopost {

Time system_time() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return from_unix_milliseconds(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}

}  // namespace heliopost
