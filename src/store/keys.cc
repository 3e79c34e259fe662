#include "store/keys.h"

#include "store/tuple.h"

namespace heliopost::store {

void engine_key(std::string& scratch, PartitionId partition, Space space, std::string_view key) {
    char prefix[engine_prefix_octets];
    prefix[0] = static_cast<char>(partition.kind);
    for (size_t i = 0; i < 8; ++i)
        prefix[1 + i] = static_cast<char>(static_cast<unsigned char>(partition.number >> (56 - 8 * i)));
    prefix[9] = static_cast<char>(space);
    scratch.assign(prefix, sizeof prefix);
    scratch += key;
}

std::string engine_key(PartitionId partition, Space space, std::string_view key) {
    std::string out;
    out.reserve(engine_prefix_octets + key.size());
    engine_key(out, partition, space, key);
    return out;
}

std::string engine_end(PartitionId partition, Space space, std::string_view high) {
    std::string out = engine_key(partition, space, high);
    if (high.empty()) out.back() = static_cast<char>(out.back() + 1);  // Space is small: no carry
    return out;
}

std::uint64_t read_u64(std::string_view octets) {
    if (octets.size() != 8) return 0;
    std::uint64_t value = 0;
    for (const char c : octets) value = (value << 8) | static_cast<unsigned char>(c);
    return value;
}

std::string to_u64(std::uint64_t value) {
    return Tuple().u64(value);
}

std::string change_key(std::uint64_t mod_sequence, ChangeKind kind, std::uint32_t container,
                       std::uint32_t row) {
    return Tuple().u64(mod_sequence).u8(static_cast<std::uint8_t>(kind)).u32(container).u32(row);
}

Result<Change> read_change(std::string_view key, std::string_view ids) {
    TupleReader in(key);
    Change change;
    change.mod_sequence = ModSequence(TRY(in.u64()));
    change.kind = static_cast<ChangeKind>(TRY(in.u8()));
    change.container = TRY(in.u32());
    change.ids = ids;
    return change;
}

std::string hash_key(std::string_view sha256) {
    return Tuple().u8(hash_rows).octets(sha256);
}
std::string manifest_key(BlobId blob) {
    return Tuple().u8(manifest_rows).octets(blob.view());
}
std::string reference_prefix(BlobId blob) {
    return Tuple().u8(reference_rows).octets(blob.view());
}
std::string open_key(BlobId blob) {
    return Tuple().u8(open_rows).octets(blob.view());
}

std::string reference_key(BlobId blob, PartitionId partition, std::string_view holder) {
    return Tuple()
        .u8(reference_rows)
        .octets(blob.view())
        .u8(static_cast<std::uint8_t>(partition.kind))
        .u64(partition.number)
        .octets(holder);
}

std::string chunk_key(BlobId blob, std::uint32_t index) {
    return Tuple().octets(blob.view()).u32(index);
}

}  // namespace heliopost::store
