#include "backup/manifest.h"

#include <simdjson.h>

#include <algorithm>

#include "base/base64.h"
#include "base/json_writer.h"

namespace heliopost::backup {
namespace {

namespace json = simdjson;

constexpr std::int64_t manifest_format = 1;
constexpr std::size_t name_octets_max = 4096;  // PATH_MAX
constexpr std::int64_t permissions = 0777;

Error broken(const std::string& what) {
    return {Fault::internal, "the manifest is damaged: " + what};
}

Result<std::string> text_of(const json::dom::element& of, std::string_view field) {
    std::string_view text;
    if (of[field].get_string().get(text) != json::SUCCESS)
        return std::unexpected(broken("no " + std::string(field)));
    return std::string(text);
}

Result<std::int64_t> number_of(const json::dom::element& of, std::string_view field) {
    std::int64_t number = 0;
    if (of[field].get_int64().get(number) != json::SUCCESS || number < 0)
        return std::unexpected(broken("no " + std::string(field)));
    return number;
}

Result<File::Kind> kind_of(std::string_view word) {
    for (const auto kind :
         {File::Kind::store, File::Kind::configuration, File::Kind::certificate, File::Kind::key})
        if (word == to_string(kind)) return kind;
    return std::unexpected(broken("a file of no known kind"));
}

// A store is one directory; what lies elsewhere is named from the root.
bool is_good_name(File::Kind kind, std::string_view name) {
    if (name.empty() || name.size() > name_octets_max || name.contains('\0')) return false;
    if (kind != File::Kind::store) return name.front() == '/';
    return !name.contains('/') && name != "." && name != "..";
}

Result<File> file_of(const json::dom::element& of) {
    File file;
    file.kind = TRY(kind_of(TRY(text_of(of, "kind"))));
    file.name = TRY(text_of(of, "name"));
    if (!is_good_name(file.kind, file.name)) return std::unexpected(broken("a name that no file has"));
    file.octets = static_cast<std::uint64_t>(TRY(number_of(of, "octets")));
    const auto sha256 = from_hex(TRY(text_of(of, "sha256")));
    file.object = TRY(text_of(of, "object"));
    const auto object = from_hex(file.object);
    if (!sha256 || sha256->size() != 32 || !object || object->size() != 32 || to_hex(*object) != file.object)
        return std::unexpected(broken("a file without its object"));
    file.sha256 = *sha256;
    if (std::int64_t mode = 0; of["mode"].get_int64().get(mode) == json::SUCCESS) {
        if (mode < 0 || mode > permissions) return std::unexpected(broken("a mode that no file has"));
        file.mode = static_cast<std::uint32_t>(mode);
    }
    return file;
}

}  // namespace

std::string_view to_string(File::Kind kind) {
    switch (kind) {
        case File::Kind::store:
            return "store";
        case File::Kind::configuration:
            return "configuration";
        case File::Kind::certificate:
            return "certificate";
        case File::Kind::key:
            return "key";
    }
    return "";
}

std::uint64_t Manifest::octets() const {
    std::uint64_t all = 0;
    for (const File& file : files) all += file.octets;
    return all;
}

std::string encode(const Manifest& manifest) {
    std::string out;
    JsonWriter writer(out);
    writer.begin_object();
    writer.field("format", manifest_format);
    writer.field("version", manifest.version);
    writer.field("host_name", manifest.host_name);
    writer.field("taken", to_rfc3339(manifest.taken));
    writer.field("taken_ms", unix_milliseconds(manifest.taken));
    writer.key("files");
    writer.begin_array();
    for (const File& file : manifest.files) {
        writer.begin_object();
        writer.field("kind", to_string(file.kind));
        writer.field("name", file.name);
        writer.field("octets", static_cast<std::int64_t>(file.octets));
        writer.field("sha256", to_hex(file.sha256));
        writer.field("object", file.object);
        if (file.mode) writer.field("mode", static_cast<std::int64_t>(*file.mode));
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    return out;
}

Result<Manifest> decode(std::string_view text) {
    json::dom::parser parser;
    json::dom::element root;
    if (parser.parse(text.data(), text.size()).get(root) != json::SUCCESS)
        return std::unexpected(broken("it is no JSON"));
    if (TRY(number_of(root, "format")) != manifest_format)
        return fail(Fault::syntax, "the backup has a newer format: install a newer version");
    Manifest manifest;
    manifest.version = TRY(text_of(root, "version"));
    manifest.host_name = TRY(text_of(root, "host_name"));
    manifest.taken = from_unix_milliseconds(TRY(number_of(root, "taken_ms")));
    json::dom::array files;
    if (root["files"].get_array().get(files) != json::SUCCESS || files.size() > manifest_files_max)
        return std::unexpected(broken("no files"));
    for (const json::dom::element& file : files) manifest.files.push_back(TRY(file_of(file)));
    std::vector<std::string_view> names;
    for (const File& file : manifest.files) names.push_back(file.name);
    std::ranges::sort(names);
    if (std::ranges::adjacent_find(names) != names.end())
        return std::unexpected(broken("two files with one name"));
    return manifest;
}

}  // namespace heliopost::backup
