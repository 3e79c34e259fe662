#include "main/kept_rows.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "base/base64.h"
#include "base/json_writer.h"

namespace heliopost {

Result<> KeptRows::add(std::string_view engine_key, std::string_view value, std::string_view where,
                       std::string_view reason) {
    if (!file_) {
        file_ = backup::Descriptor(::open(
            rows_file().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file_) return std::unexpected(backup::failed("make", rows_file()));
        TRY(backup::sync_directory(std::filesystem::path(path_).parent_path().string()));
    }
    std::string line;
    JsonWriter json(line);
    json.begin_object();
    json.field("where", where);
    json.field("reason", reason);
    json.field("key", to_base64(engine_key));
    json.field("value", to_base64(value));
    json.end_object();
    line += '\n';
    for (std::string_view rest = line; !rest.empty();) {
        const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return std::unexpected(backup::failed("write", rows_file()));
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<> KeptRows::sync() {
    if (file_ && ::fsync(file_.get()) != 0) return std::unexpected(backup::failed("sync", rows_file()));
    return {};
}

net::Task<Result<std::string>> KeptRows::add_message(store::BlobStore* blobs, store::BlobId blob) {
    const std::string path = path_ + "-" + to_hex(blob.view()) + ".eml";
    std::optional<backup::OutputFile> out;
    for (std::uint64_t at = 0;;) {
        const std::string piece = CO_TRY(co_await blobs->read(blob, at, store::BlobStore::read_octets_max));
        if (!out) out.emplace(CO_TRY(backup::OutputFile::create(path)));
        if (piece.empty()) break;
        CO_TRY(out->write(piece));
        at += piece.size();
    }
    CO_TRY(out->finish());
    CO_TRY(backup::sync_directory(std::filesystem::path(path).parent_path().string()));
    co_return path;
}

}  // namespace heliopost
