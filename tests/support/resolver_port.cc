// resolver_port.so, preloaded into a program: what it asks of the C library's resolver goes to the DNS server
// of a test, on 127.0.0.1 and the port in RESOLVER_PORT. resolv.conf knows no ports, and 53 is not a test's.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <resolv.h>

#include <cstdint>
#include <cstdlib>

// resolv.h makes this name the exported one, which libopendmarc and libspf2 call before each question.
extern "C" int res_ninit(res_state state) noexcept {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): dlsym gives no better
    static const auto next = reinterpret_cast<int (*)(res_state)>(dlsym(RTLD_NEXT, "__res_ninit"));
    const char* const port = std::getenv("RESOLVER_PORT");
    if (next == nullptr || port == nullptr) return -1;
    const int code = next(state);
    state->nscount = 1;
    state->nsaddr_list[0].sin_family = AF_INET;
    state->nsaddr_list[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    state->nsaddr_list[0].sin_port = htons(static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10)));
    return code;
}
