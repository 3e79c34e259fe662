#include "store/chunk.h"

#include <zstd.h>

#include <memory>

#include "base/assert.h"
#include "store/crc32c.h"
#include "store/tuple.h"

namespace heliopost::store {
namespace {

constexpr int zstd_level = 1;
// A table that fits the first cache, 16 KiB: a seventh less time for at most some percent more octets.
constexpr int zstd_hash_log = 12;
constexpr size_t compress_from_octets = 64;  // below it zstd's own header eats the gain
constexpr char codec_plain = 0, codec_zstd = 1, key_none = 0;

struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::unique_ptr<ZSTD_CCtx, FreeContext> make_compressor() {
    std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
    ASSERT(context != nullptr);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, zstd_level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_hashLog, zstd_hash_log);
    return context;
}

// Appends plain to out compressed; leaves out alone and says false when that does not make it smaller.
bool append_compressed(std::string& out, std::string_view plain) {
    if (plain.size() < compress_from_octets) return false;
    // One a thread: to set one up costs more than to compress a small message.
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context = make_compressor();
    const size_t before = out.size();
    bool smaller = false;
    out.resize_and_overwrite(before + plain.size() - 1, [&](char* octets, size_t /*size*/) {
        const size_t count =
            ZSTD_compress2(context.get(), octets + before, plain.size() - 1, plain.data(), plain.size());
        smaller = ZSTD_isError(count) == 0;
        return before + (smaller ? count : 0);
    });
    return smaller;
}

std::string checksum_of(std::string_view head, std::string_view payload) {
    return Tuple().u32(crc32c(payload, crc32c(head)));
}

}  // namespace

std::string encode_chunk(std::string_view plain) {
    ASSERT(plain.size() <= chunk_octets);
    std::string out(chunk_header_octets, '\0');
    out.reserve(chunk_header_octets + plain.size());
    out[0] = append_compressed(out, plain) ? codec_zstd : codec_plain;
    if (out[0] == codec_plain) out += plain;
    out[1] = key_none;
    const std::string octets = Tuple().u32(static_cast<std::uint32_t>(plain.size()));
    out.replace(2, 4, octets);
    return with_right_checksum(std::move(out));
}

std::string with_right_checksum(std::string record) {
    if (record.size() < chunk_header_octets) return record;
    const std::string_view view = record;
    const auto checksum = checksum_of(view.substr(0, 6), view.substr(chunk_header_octets));
    return std::move(record.replace(6, 4, checksum));
}

Result<std::string> decode_chunk(std::string_view record) {
    const auto broken = [] { return fail(Fault::internal, "a part of a message in the store is damaged"); };
    if (record.size() < chunk_header_octets) return broken();
    const std::string_view payload = record.substr(chunk_header_octets);
    if (record.substr(6, 4) != checksum_of(record.substr(0, 6), payload)) return broken();
    TupleReader reader(record.substr(2, 4));
    const size_t octets = TRY(reader.u32());
    if (octets > chunk_octets || record[1] != key_none) return broken();
    if (record[0] == codec_plain) {
        if (payload.size() != octets) return broken();
        return std::string(payload);
    }
    if (record[0] != codec_zstd) return broken();
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
    size_t got = 0;
    std::string plain;
    plain.resize_and_overwrite(octets, [&](char* into, size_t size) {
        got = ZSTD_decompressDCtx(context.get(), into, size, payload.data(), payload.size());
        return ZSTD_isError(got) == 0 ? got : 0;
    });
    if (ZSTD_isError(got) != 0 || got != octets) return broken();
    return plain;
}

}  // namespace heliopost::store
