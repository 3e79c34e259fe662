// Result<T>: a value, or the Error that says what went wrong, free of any protocol.
//
// Use it for everything that a peer, a user or a file may get wrong. A broken connection, a
// deadline and a stop request are exceptions instead: nobody is left to answer.
#pragma once

#include <expected>
#include <string>
#include <type_traits>
#include <utility>

namespace heliopost {

// Each server has one table from Fault to its own reply: 501 5.5.4, NO [NONEXISTENT], -ERR, 404.
enum class Fault { syntax, denied, not_found, exists, over_quota, too_large, conflict, temporary, internal };

struct Error {
    Fault fault;
    std::string text;  // one line for the peer; never a secret, never a path
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Fault fault, std::string text) {
    return std::unexpected(Error{fault, std::move(text)});
}

namespace detail {
template <class R>
auto take(R&& result) {
    if constexpr (!std::is_void_v<typename std::remove_cvref_t<R>::value_type>)
        return *std::forward<R>(result);
}
}  // namespace detail

}  // namespace heliopost

// TRY(e): the value of e, or return its error. CO_TRY(e): the same inside a coroutine.
// Statement expressions, so clang only; the counter keeps nested uses from shadowing each other.
#define HELIOPOST_JOIN_(a, b) a##b
#define HELIOPOST_TRY_(leave, result, ...)                             \
    __extension__({                                                    \
        auto result = (__VA_ARGS__);                                   \
        if (!result) leave std::unexpected(std::move(result).error()); \
        ::heliopost::detail::take(std::move(result));                  \
    })
#define HELIOPOST_NAMED_(leave, n, ...) HELIOPOST_TRY_(leave, HELIOPOST_JOIN_(try_result_, n), __VA_ARGS__)
#define TRY(...) HELIOPOST_NAMED_(return, __COUNTER__, __VA_ARGS__)
#define CO_TRY(...) HELIOPOST_NAMED_(co_return, __COUNTER__, __VA_ARGS__)
