// Reads dates, address lists and whole messages as proto/mime does, for the scripts beside it: a line in, a
// line out.
//
//   d HEX   ->  "-", or seconds since 1970 and the zone in minutes
//   a HEX   ->  each mailbox as HEX(name):HEX(local part):HEX(host), blanks between
//   m HEX   ->  the message's parts as JSON; its texts and octets are hex, an absent text is null
#include <cstdio>
#include <iostream>
#include <set>
#include <string>

#include "base/base64.h"
#include "base/text.h"
#include "base/time.h"
#include "proto/mime/address.h"
#include "proto/mime/date.h"
#include "proto/mime/scanner.h"
#include "proto/mime/transfer.h"

namespace {

using namespace heliopost;

std::string date_of(const std::string& value) {
    const auto date = mime::parse_date(value);
    if (!date) return "-";
    return std::to_string(unix_milliseconds(date->time) / 1'000) + " " + std::to_string(date->zone.count());
}

std::string addresses_of(const std::string& value) {
    std::string out;
    for (const auto& address : mime::parse_address_list(value)) {
        if (address.kind != mime::AddressKind::mailbox) continue;
        if (!out.empty()) out += ' ';
        out +=
            to_hex(mime::display_name(address)) + ':' + to_hex(address.mailbox) + ':' + to_hex(address.host);
    }
    return out;
}

std::string json(std::string_view text) {
    return '"' + to_hex(text) + '"';
}

// Each parameter once, decoded, under its name without what RFC 2231 puts behind it.
std::string json(const mime::Parameters& parameters) {
    std::string out = "{";
    std::set<std::string> names;
    for (const auto& parameter : parameters) {
        const std::string name = to_lower(parameter.name.substr(0, parameter.name.find('*')));
        const auto value = mime::find_parameter(parameters, name);
        if (!value || !names.insert(name).second) continue;
        out += (names.size() > 1 ? "," : "") + json(name) + ':' + json(*value);
    }
    return out + '}';
}

std::string json(const mime::Structure& structure, std::uint32_t index, std::string_view octets) {
    constexpr const char* kinds[] = {"leaf", "multipart", "message"};
    const mime::Part& part = structure.parts.at(index);
    std::string out = std::string(R"({"kind":")") + kinds[static_cast<unsigned>(part.kind)];
    out += R"(","type":)" + json(to_lower(part.type.type + "/" + part.type.subtype));
    out += R"(,"encoding":)" + json(part.encoding);
    out += R"(,"ranges":[)" + std::to_string(part.header_begin) + ',' + std::to_string(part.body_begin) +
           ',' + std::to_string(part.body_end) + ']';
    out += R"(,"parameters":)" + json(part.type.parameters);
    out += R"(,"disposition":)" + json(part.disposition.parameters);
    const auto name = mime::file_name(part);
    out += R"(,"file_name":)" + (name ? json(*name) : "null");
    const bool titled = part.envelope && structure.envelopes.at(*part.envelope).subject;
    out += R"(,"subject":)" +
           (titled ? json(mime::decoded_subject(structure.envelopes.at(*part.envelope))) : "null");
    if (part.kind == mime::PartKind::leaf)
        out += R"(,"decoded":)" + json(mime::decode_transfer(mime::parse_transfer_encoding(part.encoding),
                                                             octets.substr(part.body_begin, part.octets())));
    out += R"(,"children":[)";
    for (const auto child : part.children)
        out += (child == part.children.front() ? "" : ",") + json(structure, child, octets);
    return out + "]}";
}

std::string answer(char kind, const std::string& value) {
    if (kind == 'd') return date_of(value);
    if (kind == 'a') return addresses_of(value);
    return json(mime::scan(value), 0, value);
}

}  // namespace

int main() {
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);)
        std::cout << answer(line.front(), from_hex(std::string_view(line).substr(2)).value_or("")) << '\n';
    return 0;
}
