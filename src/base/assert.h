// ASSERT(condition): what only a programmer can break. On in release too; never about input.
#pragma once

namespace heliopost::detail {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;
}

#define ASSERT(...) \
    ((__VA_ARGS__) ? void() : ::heliopost::detail::assertion_failed(#__VA_ARGS__, __FILE__, __LINE__))
