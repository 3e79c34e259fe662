#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "proto/mime/address.h"

// Groups are opened and closed in turn; a list of whole addresses reads the same once it is written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using namespace heliopost;
    using namespace heliopost::mime;
    const auto list = parse_address_list(std::string_view(reinterpret_cast<const char*>(data), size));
    bool in_group = false;
    bool whole = true;
    const auto plain = [](std::string_view text) {
        return std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == ' '; }) &&
               trim(text) == text && !text.contains("  ");
    };
    for (const Address& address : list) {
        if (address.kind == AddressKind::group_begin && in_group) std::abort();
        if (address.kind == AddressKind::group_end && !in_group) std::abort();
        if (address.kind != AddressKind::mailbox) in_group = address.kind == AddressKind::group_begin;
        const bool mailbox = address.kind == AddressKind::mailbox;
        whole = whole && plain(address.name) && address.comment.empty() && address.route.empty() &&
                plain(address.host) && !address.host.contains(' ') && address.host.empty() != mailbox &&
                address.mailbox.empty() != mailbox && !address.mailbox.contains('\r') &&
                !address.mailbox.contains('\n') &&
                (address.kind != AddressKind::group_begin || !address.name.empty());
        if (!is_utf8(display_name(address))) std::abort();
    }
    if (in_group) std::abort();
    if (whole && list.size() < 1'000 && parse_address_list(format_address_list(list)) != list) std::abort();
    return 0;
}
