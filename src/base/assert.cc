#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace heliopost::detail {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "heliopost: assertion failed: %s (%s:%d)\n", condition, file, line);
    std::abort();
}

}  // namespace heliopost::detail
