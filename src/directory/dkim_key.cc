#include "directory/dkim_key.h"

#include "base/assert.h"
#include "directory/directory.pb.h"
#include "directory/records.h"

namespace heliopost::directory {
namespace {

std::unexpected<Error> damaged_key(const char* what) {
    return fail(Fault::internal, std::string("damaged DKIM key: ") + what);
}

std::string first_key_of(int kind) {
    return std::string(1, static_cast<char>(kind));
}

}  // namespace

std::string_view name_of(DkimKey::Algorithm algorithm) {
    return algorithm == DkimKey::Algorithm::rsa2048 ? "rsa2048" : "ed25519";
}

std::string_view name_of(DkimKey::State state) {
    switch (state) {
        case DkimKey::State::made:
            return "made";
        case DkimKey::State::active:
            return "active";
        case DkimKey::State::retiring:
            return "retiring";
        case DkimKey::State::retired:
            return "retired";
    }
    return "unknown";
}

std::string dkim_key_key(std::string_view domain, std::string_view selector) {
    return to_octets({RowKind::dkim_key, {std::string(selector), std::string(domain)}, 0});
}
std::string dkim_keys_begin() {
    return first_key_of(static_cast<int>(RowKind::dkim_key));
}
std::string dkim_keys_end() {
    return first_key_of(static_cast<int>(RowKind::dkim_key) + 1);
}

std::string encode(const DkimKey& key) {
    ASSERT(!key.public_key.empty());
    record::DkimKey to;
    to.set_algorithm(static_cast<std::uint32_t>(key.algorithm));
    to.set_state(static_cast<std::uint32_t>(key.state));
    to.set_created(static_cast<std::uint64_t>(unix_milliseconds(key.created)));
    to.set_since(static_cast<std::uint64_t>(unix_milliseconds(key.since)));
    to.set_public_key(key.public_key);
    to.set_sealed(key.sealed);
    to.set_server_key(key.server_key);
    return to.SerializeAsString();
}

Result<DkimKey> decode_dkim_key(std::string_view row_key, std::string_view octets) {
    const Key key = TRY(parse_key(row_key));
    if (key.kind != RowKind::dkim_key) return damaged_key("another row's key");
    record::DkimKey from;
    if (!from.ParseFromArray(octets.data(), static_cast<int>(octets.size())))
        return damaged_key("it cannot be read");
    if (from.algorithm() < 1 || from.algorithm() > 2) return damaged_key("algorithm");
    if (from.state() < 1 || from.state() > 4) return damaged_key("state");
    if (from.public_key().empty()) return damaged_key("no public part");
    DkimKey to;
    to.domain = key.name.domain;
    to.selector = key.name.local_part;
    to.algorithm = static_cast<DkimKey::Algorithm>(from.algorithm());
    to.state = static_cast<DkimKey::State>(from.state());
    to.created = from_unix_milliseconds(static_cast<std::int64_t>(from.created()));
    to.since = from_unix_milliseconds(static_cast<std::int64_t>(from.since()));
    to.public_key = from.public_key();
    to.sealed = from.sealed();
    to.server_key = from.server_key();
    return to;
}

}  // namespace heliopost::directory
