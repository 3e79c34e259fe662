#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/spf/record.h"

// Whatever parses expands to a text without surprises: printable but for what the values bring.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const std::string_view text(reinterpret_cast<const char*>(octets), size);
    spf::MacroValues values;
    values.local_part = "a.b-c";
    values.sender_domain = values.domain = "a.example";
    values.client = values.readable_client = "192.0.2.1";
    if (const auto explanation = spf::parse_explanation(text)) {
        for (const char c : explanation->expand(values))
            if (c < ' ' || c > '~') std::abort();
    }
    const auto record = spf::parse_record("v=spf1 " + std::string(text));
    if (!record) return 0;
    for (const spf::Mechanism& mechanism : record->mechanisms) {
        if (mechanism.prefix4 > 32 || mechanism.prefix6 > 128 || spf::name_of(mechanism.kind).empty())
            std::abort();
        values.helo = text.substr(0, 300);
        const std::string name = mechanism.domain.expand_domain(values);
        if (name.size() > 253 && name.contains('.')) std::abort();  // one label is dropped by nobody
        values.ipv6 = !values.ipv6;
        if (mechanism.domain.empty() && mechanism.domain.uses_validated_name()) std::abort();
        const std::uint8_t ours[16] = {192, 0, 2, 1};
        if (!spf::same_network(ours, ours, mechanism.prefix6)) std::abort();
    }
    return 0;
}
