#include "proto/feedback/unpack.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "proto/feedback/aggregate.h"

namespace heliopost::feedback {
namespace {

constexpr std::string_view gzip_mark = "\x1f\x8b";
constexpr std::string_view zip_mark = "PK\x03\x04";
constexpr size_t piece_octets = 64 * 1024;
constexpr size_t small_octets = 64 * 1024;  // below this no ratio is held against anybody
constexpr int gzip_window = 16 + MAX_WBITS;
constexpr int raw_window = -MAX_WBITS;

class Inflater {
public:
    explicit Inflater(int window) { ASSERT(inflateInit2(&stream_, window) == Z_OK); }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    Result<std::string> run(std::string_view packed) {
        const size_t octets_max =
            std::min(report_octets_max, std::max(small_octets, packed.size() * unpacked_ratio_max));
        // zlib's interface is older than const.
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
        stream_.avail_in = static_cast<uInt>(packed.size());
        std::string out;
        std::string piece(piece_octets, '\0');
        for (int code = Z_OK; code != Z_STREAM_END;) {
            stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
            stream_.avail_out = static_cast<uInt>(piece.size());
            code = inflate(&stream_, Z_NO_FLUSH);
            if (code != Z_OK && code != Z_STREAM_END)
                return fail(Fault::syntax, "the packed report is broken");
            out.append(piece, 0, piece.size() - stream_.avail_out);
            if (out.size() > octets_max) return fail(Fault::too_large, "the report is too large unpacked");
        }
        return out;
    }

private:
    z_stream stream_{};
};

std::uint32_t little_endian(std::string_view octets) {
    std::uint32_t value = 0;
    for (size_t i = octets.size(); i > 0; --i) value = value << 8 | static_cast<unsigned char>(octets[i - 1]);
    return value;
}

// The local file header, APPNOTE §4.3.7: signature, version, flags, method, time, date, crc, sizes, name,
// extra.
Result<std::string> unzip(std::string_view octets) {
    constexpr size_t header_octets = 30;
    constexpr std::uint32_t stored = 0, deflated = 8, encrypted = 1;
    if (octets.size() < header_octets) return fail(Fault::syntax, "the zip is broken");
    const std::uint32_t flags = little_endian(octets.substr(6, 2)),
                        method = little_endian(octets.substr(8, 2));
    const std::uint32_t size = little_endian(octets.substr(18, 4));
    const size_t begin =
        header_octets + little_endian(octets.substr(26, 2)) + little_endian(octets.substr(28, 2));
    if (begin > octets.size()) return fail(Fault::syntax, "the zip is broken");
    if ((flags & encrypted) != 0) return fail(Fault::syntax, "the zip is encrypted");
    const std::string_view file = octets.substr(begin);
    if (method == deflated) return Inflater(raw_window).run(file);
    if (method != stored) return fail(Fault::syntax, "the zip is packed in a way that is not known");
    if (size > file.size()) return fail(Fault::syntax, "the zip is broken");
    if (size > report_octets_max) return fail(Fault::too_large, "the report is too large unpacked");
    return std::string(file.substr(0, size));
}

}  // namespace

bool is_packed(std::string_view octets) {
    return octets.starts_with(gzip_mark) || octets.starts_with(zip_mark);
}

Result<std::string> unpack(std::string_view octets) {
    if (octets.size() > report_octets_max) return fail(Fault::too_large, "the report is too long");
    if (octets.starts_with(gzip_mark)) return Inflater(gzip_window).run(octets);
    if (octets.starts_with(zip_mark)) return unzip(octets);
    return std::string(octets);
}

std::string pack(std::string_view octets) {
    z_stream stream{};
    ASSERT(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, MAX_MEM_LEVEL,
                        Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(deflateBound(&stream, octets.size()), '\0');
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(octets.data()));
    stream.avail_in = static_cast<uInt>(octets.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

}  // namespace heliopost::feedback
