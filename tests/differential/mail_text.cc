// Reads dates and address lists as proto/mime does, for differential.py: a line in, a line out.
//
//   d HEX   ->  "-", or seconds since 1970 and the zone in minutes
//   a HEX   ->  each mailbox as HEX(name):HEX(local part):HEX(host), blanks between
#include <cstdio>
#include <iostream>
#include <string>

#include "base/base64.h"
#include "base/time.h"
#include "proto/mime/address.h"
#include "proto/mime/date.h"

namespace {

std::string from_hex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return out;
}

std::string date_of(const std::string& value) {
    const auto date = heliopost::mime::parse_date(value);
    if (!date) return "-";
    return std::to_string(heliopost::unix_milliseconds(date->time) / 1'000) + " " +
           std::to_string(date->zone.count());
}

std::string addresses_of(const std::string& value) {
    std::string out;
    for (const auto& address : heliopost::mime::parse_address_list(value)) {
        if (address.kind != heliopost::mime::AddressKind::mailbox) continue;
        if (!out.empty()) out += ' ';
        out += heliopost::to_hex(heliopost::mime::display_name(address)) + ':' +
               heliopost::to_hex(address.mailbox) + ':' + heliopost::to_hex(address.host);
    }
    return out;
}

}  // namespace

int main() {
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);) {
        const std::string value = from_hex(std::string_view(line).substr(2));
        std::cout << (line.front() == 'd' ? date_of(value) : addresses_of(value)) << '\n';
    }
    return 0;
}
