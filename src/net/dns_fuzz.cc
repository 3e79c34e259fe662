#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "net/address.h"
#include "net/dns.h"

namespace {

using namespace heliopost;
using namespace heliopost::net;

void must(bool holds) {
    if (!holds) std::abort();
}

bool is_name(std::string_view name) {
    return !name.ends_with('.') && to_lower(name) == name && name.size() <= 253;
}

}  // namespace

// Records as a hostile DNS server may send them, each behind its length: what is read is whole and lower
// case, what is malformed is left out. The input as text: an endpoint that reads is written as one that reads
// the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    DnsAnswer answer;
    answer.status = DnsAnswer::Status::found;
    for (std::string_view rest = text; !rest.empty();) {
        const auto length = static_cast<unsigned char>(rest.front());
        answer.records.emplace_back(rest.substr(1, length));
        rest.remove_prefix(std::min<size_t>(rest.size(), size_t{1} + length));
    }
    for (const MxRecord& record : mx_records(answer))
        must(record.exchange.empty() || is_name(record.exchange));
    for (const std::string& name : ptr_records(answer)) must(is_name(name));
    for (const IpAddress& address : address_records(answer)) must(!limit_key(address).empty());
    size_t octets = 0;
    for (const std::string& record : txt_records(answer)) octets += record.size();
    must(octets <= size && txt_records(answer).size() <= answer.records.size());

    if (is_query_name(text)) must(size <= 254 && !text.contains('\\') && is_ascii_text(text));
    if (const auto endpoint = parse_endpoint(text)) {
        const auto again = parse_endpoint(to_string(*endpoint));
        must(again && *again == *endpoint);
    }
    return 0;
}
