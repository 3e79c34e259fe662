#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "backup/seal.h"

namespace {

// The first octet says where the rest is cut in two.
template <class Add>
void feed(std::string_view octets, std::size_t cut, Add add) {
    cut = octets.empty() ? 0 : cut % octets.size();
    add(octets.substr(0, cut));
    add(octets.substr(cut));
}

}  // namespace

// What is sealed opens as it was; what was not sealed never opens.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace heliopost::backup;
    if (size == 0) return 0;
    static const Key key(Secret(std::string(Secret::octets, 'k')));
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    Sealer sealer(key, "name");
    std::string sealed = sealer.begin();
    feed(text, data[0], [&](std::string_view octets) { sealed += sealer.add(octets); });
    sealed += sealer.finish();
    Opener opener(key, "name");
    std::string opened;
    feed(sealed, data[0] * std::size_t{7}, [&](std::string_view octets) {
        const auto some = opener.add(octets);
        if (!some) std::abort();
        opened += *some;
    });
    const auto rest = opener.finish();
    if (!rest || opened + *rest != text) std::abort();
    if (!sealed.empty()) {  // an octet that is not what was sealed
        sealed[data[0] % sealed.size()] ^= 1;
        Opener damaged(key, "name");
        const auto part = damaged.add(sealed);
        if (part && damaged.finish()) std::abort();
    }
    if (key.object_name(text).size() != 64 || key.id().size() != 32) std::abort();
    Opener other(key, "name");
    const auto some = other.add(text);
    if (some && other.finish()) std::abort();
    return 0;
}
