#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/chunk.h"
#include "store/crc32c.h"
#include "store/keys.h"
#include "store/records.pb.h"
#include "store/rocks_edits.h"
#include "store/rocks_log.h"
#include "store/rocks_manifest.h"
#include "store/test_log.h"
#include "store/tuple.h"

namespace {

using namespace heliopost;

void must(bool holds) {
    if (!holds) std::abort();
}

std::string little_endian(std::uint64_t value, int octets) {
    std::string out;
    for (int i = 0; i < octets; ++i, value >>= 8) out += static_cast<char>(static_cast<unsigned char>(value));
    return out;
}

// A log whose checksums are right, for a checksum is not guessed: for each two octets of the input a fragment
// of some type; at some of them zeros, or a fragment whose end is missing.
std::string log_of(std::string_view input) {
    std::string log;
    for (size_t at = 0; at + 1 < input.size(); at += 2) {
        const auto how = static_cast<unsigned char>(input[at]);
        const auto value = static_cast<unsigned char>(input[at + 1]);
        const std::string mark = store::log_mark(value);
        std::string checked(1, static_cast<char>(how % 5));
        checked += little_endian(at / 2, 8) + little_endian(how % 3, 4);
        if (how % 2 == 0) checked += '\x03' + std::string(1, static_cast<char>(mark.size())) + mark;
        checked += std::string(value, 'r');
        if (how % 7 == 0) checked.resize(1 + value % 12);
        const std::uint32_t crc = store::crc32c(checked);
        const std::uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
        std::string fragment = little_endian(masked, 4) + little_endian(checked.size() - 1, 2) + checked;
        if (how >= 0xF0) fragment.resize(fragment.size() - value % fragment.size());
        if (how >= 0xE0 && how < 0xF0) fragment.assign(value * 4U, '\0');
        log += fragment;
    }
    return log;
}

// Keys and tuples are read as they were written, and sort as their values do.
void check_keys(std::string_view input) {
    const std::string_view front = input.substr(0, input.size() / 2);
    const std::string_view back = input.substr(input.size() / 2);
    const store::PartitionId partition = store::account_partition(AccountId(input.size()));
    const std::string one = store::engine_key(partition, store::Space::rows, front);
    const std::string two = store::engine_key(partition, store::Space::rows, back);
    must((one < two) == (front < back) && one < store::engine_end(partition, store::Space::rows, ""));
    must(store::Tuple().text(front).str() < store::Tuple().text(back).str() == front < back);

    store::Tuple tuple;
    tuple.u8(7).u32(8).u64(9).text(front).slot(store::Slot{0}, 1).slot32(store::Slot{1}).octets(back);
    const std::string filled = tuple.filled({1, 2});
    store::TupleReader reader(filled);
    must(reader.u8() == 7 && reader.u32() == 8U && reader.u64() == 9U);
    must(reader.text().value_or("?") == front && reader.u64() == 2U && reader.u32() == 2U &&
         reader.rest() == back);
    store::Tuple field;
    field.octets(back).field(2, store::Slot{0}, 1);
    must(field.has_holes() && field.filled({6}).size() == back.size() + 9);
    field.fill({6});
    must(std::string(field) == std::string(back) + '\x11' + '\x07' + std::string(7, '\0'));
    const std::string after = store::after_prefix(front);
    must(after.empty() || after > front);

    const std::string key = store::change_key(5, store::ChangeKind::membership, 6, 7);
    const auto change = store::read_change(key, input);
    must(change && change->container == 6);
    const store::BlobId blob;
    for (const std::string& row :
         {store::hash_key(std::string(32, 'h')), store::manifest_key(blob), store::open_key(blob),
          store::reference_key(blob, partition, front), store::chunk_key(blob, 3)})
        must(!row.empty());
    must(store::reference_key(blob, partition, front).starts_with(store::reference_prefix(blob)));
}

void scan_file(store::LogScan& scan, const std::string& name, std::string_view octets) {
    scan.begin_file(name);
    scan.add(octets);
    scan.end_file();
}

}  // namespace

// Whatever lies on the disk: chunk records, manifests, keys and logs are read without a fault, and what we
// write reads back as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, size_t size) {
    using namespace heliopost;
    const std::string_view input(reinterpret_cast<const char*>(octets), size);

    if (size <= store::chunk_octets) {
        const auto again = store::decode_chunk(store::encode_chunk(input));
        if (!again || *again != input) std::abort();
    }
    // Any record: with the right checksum only every 2^32nd passes, so fuzz behind it as well.
    if (const auto plain = store::decode_chunk(input); plain && plain->size() > store::chunk_octets)
        std::abort();
    if (const auto plain = store::decode_chunk(store::with_right_checksum(std::string(input)));
        plain && plain->size() > store::chunk_octets)
        std::abort();

    store::Manifest manifest;
    if (manifest.ParseFromArray(octets, static_cast<int>(size))) {
        store::Manifest again;
        if (!again.ParseFromString(manifest.SerializeAsString()) || again.octets() != manifest.octets())
            std::abort();
    }

    if (store::read_change(input, input) && input.empty()) std::abort();  // no change has no key
    store::TupleReader reader(input);
    if (const auto text = reader.text()) {
        const std::string key = store::Tuple().text(*text).octets(reader.rest());
        if (key != input) std::abort();  // a text has one form only
    }

    check_keys(input);
    const std::string log = log_of(input);
    store::LogScan sound;
    scan_file(sound, "000001.log", log);
    scan_file(sound, "000002.log", log);
    if (const auto& damage = sound.damage())
        must(damage->offset <= log.size() &&
             (!damage->lost() || damage->rotten || damage->acknowledged_until != 0));

    must(store::first_needed_log(input) == 0 || size >= 7);
    const std::string edit = store::fragment(1, input.substr(0, 1'000));
    must(store::first_needed_log(edit) == store::first_needed_log(edit + edit));

    store::LogScan scan;
    scan_file(scan, "000001.log", input);
    must(store::rotten_at(input).value_or(0) <= size);
    must(!store::rotten_at(edit + edit));
    const auto& damage = scan.damage();
    if (damage && damage->offset > size) std::abort();  // at the end: a write whose end never came
    return 0;
}
