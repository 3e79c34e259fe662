#include "backup/vault.h"

#include <simdjson.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/base64.h"
#include "base/json_writer.h"
#include "crypto/sha256.h"

namespace heliopost::backup {
namespace {

namespace fs = std::filesystem;

constexpr char marker_name[] = "heliopost-backup";
constexpr std::int64_t directory_format = 1;
constexpr std::size_t sum_octets = 65;  // behind a manifest that is not sealed: 64 digits and LF
constexpr std::size_t backup_name_octets = 20;

Result<std::string> read_whole(const std::string& path, std::size_t octets_max) {
    InputFile in = TRY(InputFile::open(path));
    std::string all;
    for (;;) {
        const std::string octets = TRY(in.read());
        if (octets.empty()) return all;
        all += octets;
        if (all.size() > octets_max) return fail(Fault::too_large, path + " is too large");
    }
}

Result<> write_whole(const std::string& path, std::string_view octets) {
    OutputFile out = TRY(OutputFile::create(path));
    TRY(out.write(octets));
    return out.finish();
}

std::string sum_line(std::string_view octets) {
    crypto::Sha256 hash;
    hash.add(octets);
    return to_hex(hash.finish()) + "\n";
}

// Nothing but what a first backup that was cut short leaves.
bool is_unused(const std::string& directory) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error))
        if (entry.path().filename() != std::string(marker_name) + ".new" &&
            entry.path().filename() != "lost+found")
            return false;
    return !error;
}

Result<> write_marker(const std::string& directory, const std::optional<Key>& key) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.field("format", directory_format);
    json.field("key", key ? key->id() : std::string());
    json.end_object();
    const std::string path = directory + "/" + marker_name;
    ::unlink((path + ".new").c_str());
    TRY(write_whole(path + ".new", text + "\n"));
    TRY(rename(path + ".new", path));
    return sync_directory(directory);
}

Result<> check_marker(const std::string& directory, const std::optional<Key>& key) {
    const std::string text = TRY(read_whole(directory + "/" + marker_name, 4096));
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    std::int64_t version = 0;
    std::string_view id;
    if (parser.parse(text).get(root) != simdjson::SUCCESS ||
        root["format"].get_int64().get(version) != simdjson::SUCCESS ||
        root["key"].get_string().get(id) != simdjson::SUCCESS)
        return fail(Fault::internal, directory + "/" + marker_name + " is damaged");
    if (version != directory_format)
        return fail(Fault::syntax, directory + " has a newer format: install a newer version");
    if (id.empty() && key)
        return fail(Fault::denied,
                    directory + " holds backups that are not encrypted: use another directory");
    if (!id.empty() && !key)
        return fail(Fault::denied, directory + " holds encrypted backups: name their key with --key FILE");
    if (key && id != key->id())
        return fail(Fault::denied, "the backups in " + directory + " were encrypted with another key");
    return {};
}

Result<Descriptor> lock_directory(const std::string& directory, Vault::Use use) {
    Descriptor held(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!held) return std::unexpected(failed("open", directory));
    if (::flock(held.get(), (use == Vault::Use::write ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0)
        return fail(Fault::exists, directory + " is in use by another backup or restore");
    return held;
}

}  // namespace

std::string backup_name(Time taken) {
    std::string name = to_rfc3339(taken);
    std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
    return name;
}

Vault::Vault(std::string directory, Descriptor lock, std::optional<Key> key)
    : directory_(std::move(directory)), lock_(std::move(lock)), key_(std::move(key)) {}

Result<std::unique_ptr<Vault>> Vault::open(std::string directory, Use use, std::optional<Key> key) {
    std::error_code error;
    const bool is_there = fs::exists(directory + "/" + marker_name, error);
    if (use == Use::read && !is_there)
        return fail(Fault::not_found, directory + " holds no backups of heliopost");
    if (use == Use::write) TRY(make_directory(directory));
    Descriptor lock = TRY(lock_directory(directory, use));
    auto vault = std::unique_ptr<Vault>(new Vault(directory, std::move(lock), std::move(key)));
    if (use == Use::write) {
        if (!is_there && !is_unused(directory))
            return fail(Fault::exists, directory +
                                           " holds something that is no backup of heliopost: use another "
                                           "directory");
        if (!is_there) TRY(write_marker(directory, vault->key_));
        if (::chmod(directory.c_str(), 0700) != 0) return std::unexpected(failed("chmod", directory));
    }
    TRY(check_marker(directory, vault->key_));
    if (use == Use::write) TRY(vault->begin());
    return vault;
}

// What an earlier writer left in the middle goes; an object that it completed is found and used again, or
// goes with the next prune.
Result<> Vault::begin() {
    std::error_code error;
    fs::remove_all(directory_ + "/incoming", error);
    for (const char* name : {"/incoming", "/objects", "/backups"}) TRY(make_directory(directory_ + name));
    return {};
}

Vault::~Vault() {
    for (const std::string& object : added_) ::unlink(object_path(object).c_str());
}

std::string Vault::object_name(std::string_view sha256) const {
    return key_ ? key_->object_name(sha256) : to_hex(sha256);
}

std::string Vault::object_path(const std::string& object) const {
    return directory_ + "/objects/" + object.substr(0, 2) + "/" + object;
}

Result<std::vector<std::string>> Vault::backups() const {
    std::error_code error;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_ + "/backups", error)) {
        const std::string name = entry.path().filename().string();
        if (name.size() == backup_name_octets && name.back() == 'Z') names.push_back(name);
    }
    if (error && error != std::errc::no_such_file_or_directory)
        return fail(Fault::denied, "cannot read " + directory_ + "/backups: " + error.message());
    std::ranges::sort(names);
    return names;
}

Result<std::string> Vault::find(const std::string& name) const {
    const auto names = TRY(backups());
    if (names.empty()) return fail(Fault::not_found, directory_ + " holds no complete backup");
    if (name.empty()) return names.back();
    std::vector<std::string> found;
    for (const std::string& one : names)
        if (one.starts_with(name)) found.push_back(one);
    if (found.size() == 1) return found.front();
    if (found.empty()) return fail(Fault::not_found, directory_ + " holds no backup " + name);
    return fail(Fault::syntax, std::to_string(found.size()) + " backups begin with " + name);
}

Result<Manifest> Vault::manifest(const std::string& backup) const {
    const auto explain = [&](Error error) {
        error.text = "backup " + backup + ": " + error.text;
        return std::unexpected(error);
    };
    const std::string octets =
        TRY(read_whole(directory_ + "/backups/" + backup, manifest_octets_max + sum_octets));
    std::string text;
    if (key_) {
        Opener opener(*key_, "backups/" + backup);
        auto opened = opener.add(octets);
        if (!opened) return explain(opened.error());
        auto rest = opener.finish();
        if (!rest) return explain(rest.error());
        text = *opened + *rest;
    } else {
        const std::size_t length = octets.size() - std::min(octets.size(), sum_octets);
        text = octets.substr(0, length);
        if (octets.substr(length) != sum_line(text))
            return explain({Fault::internal, "its manifest is damaged"});
    }
    auto manifest = decode(text);
    if (!manifest) return explain(manifest.error());
    for (const File& file : manifest->files)
        if (file.object != object_name(file.sha256))
            return explain({Fault::internal, "its manifest is damaged: an object of another content"});
    return manifest;
}

Result<> Vault::read(const File& file, const Take& take) const {
    const auto explain = [&](std::string what) {
        return fail(Fault::internal, std::string(to_string(file.kind)) + " file " + file.name + " (object " +
                                         file.object + "): " + std::move(what));
    };
    auto in = InputFile::open(object_path(file.object));
    if (!in) return explain(in.error().text);
    in->forget_cached();
    crypto::Sha256 hash;
    std::uint64_t octets = 0;
    const auto pass = [&](std::string_view plain) -> Result<> {
        hash.add(plain);
        octets += plain.size();
        return take(plain);
    };
    std::optional<Opener> opener;
    if (key_) opener.emplace(*key_, file.object);
    for (;;) {
        const auto got = in->read();
        if (!got) return explain(got.error().text);
        Result<std::string> plain = *got;
        if (opener) plain = got->empty() ? opener->finish() : opener->add(*got);
        if (!plain) return explain(plain.error().text);
        TRY(pass(*plain));
        if (got->empty()) break;
    }
    if (octets != file.octets || hash.finish() != file.sha256) return explain("it is damaged");
    return {};
}

// Writes, syncs, reads back from the disk, and only then gives it its name.
Result<> Vault::write_object(const std::string& source, const File& file, const Progress& progress,
                             const Descriptor* opened) {
    const std::string beside = directory_ + "/incoming/" + std::to_string(++incoming_);
    std::optional<Sealer> sealer;
    if (key_) sealer.emplace(*key_, file.object);
    InputFile in = TRY(InputFile::open(source, opened));
    OutputFile out = TRY(OutputFile::create(beside));
    if (sealer) TRY(out.write(sealer->begin()));
    for (;;) {
        const std::string octets = TRY(in.read());
        if (octets.empty()) break;
        TRY(progress(0));
        TRY(out.write(sealer ? sealer->add(octets) : octets));
    }
    if (sealer) TRY(out.write(sealer->finish()));
    TRY(out.finish());
    const std::string path = object_path(file.object);
    const std::string folder = fs::path(path).parent_path().string();
    TRY(make_directory(folder));
    std::error_code error;
    const bool is_new = !fs::exists(path, error);  // else an earlier backup needs it
    TRY(rename(beside, path));
    if (is_new) added_.push_back(file.object);
    TRY(sync_directory(folder));
    return read(file, [&](std::string_view) { return progress(0); });
}

Result<bool> Vault::keep(const std::string& source, File& file, const Progress& progress,
                         const Descriptor* opened) {
    InputFile in = TRY(InputFile::open(source, opened));
    if (file.kind != File::Kind::store) file.mode = in.mode();
    crypto::Sha256 hash;
    file.octets = 0;
    for (;;) {
        const std::string octets = TRY(in.read());
        if (octets.empty()) break;
        hash.add(octets);
        file.octets += octets.size();
        TRY(progress(octets.size()));
    }
    file.sha256 = hash.finish();
    file.object = object_name(file.sha256);
    std::error_code error;
    if (fs::exists(object_path(file.object), error)) {
        const auto whole = read(file, [&](std::string_view) { return progress(0); });
        if (whole) return false;
        if (whole.error().fault != Fault::internal) return std::unexpected(whole.error());
    }
    TRY(write_object(source, file, progress, opened));
    return true;
}

Result<std::string> Vault::add(const Manifest& manifest) {
    const std::string name = backup_name(manifest.taken);
    std::string octets = encode(manifest) + "\n";
    if (key_) {
        Sealer sealer(*key_, "backups/" + name);
        std::string sealed = sealer.begin();
        sealed += sealer.add(octets);
        sealed += sealer.finish();
        octets = std::move(sealed);
    } else {
        octets += sum_line(octets);
    }
    const std::string beside = directory_ + "/incoming/manifest", place = directory_ + "/backups/" + name;
    std::error_code error;
    if (fs::exists(place, error)) return fail(Fault::exists, "there is a backup of this moment already");
    TRY(sync_directory(directory_ + "/objects"));
    TRY(write_whole(beside, octets));
    TRY(rename(beside, place));
    added_.clear();
    TRY(sync_directory(directory_ + "/backups"));
    return name;
}

Result<std::vector<std::string>> Vault::prune(std::size_t count, const std::string& taken) {
    auto names = TRY(backups());
    if (!names.empty() && names.back() > taken) {
        TRY(remove_unused());
        return fail(Fault::exists,
                    directory_ + " holds backup " + names.back() + ", of a later time than " + taken +
                        ", which was just taken: the clock was ahead then, or is behind now; no "
                        "backup is removed, and `restore` takes the latest; set the clock right, "
                        "or remove the files of wrong time from " +
                        directory_ + "/backups");
    }
    names.resize(names.size() - std::min(names.size(), count));
    for (const std::string& name : names) {
        const std::string path = directory_ + "/backups/" + name;
        if (::unlink(path.c_str()) != 0) return std::unexpected(failed("remove", path));
    }
    if (!names.empty()) TRY(sync_directory(directory_ + "/backups"));
    TRY(remove_unused());
    return names;
}

Result<> Vault::remove_unused() {
    std::set<std::string, std::less<>> used;
    for (const std::string& name : TRY(backups())) {
        const Manifest one = TRY(manifest(name));
        for (const File& file : one.files) used.insert(file.object);
    }
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(directory_ + "/objects", error)) {
        if (!entry.is_regular_file(error)) continue;
        const std::string object = entry.path().filename().string();
        const auto octets = from_hex(object);
        if (octets && octets->size() == 32 && !used.contains(object)) ::unlink(entry.path().c_str());
    }
    return {};
}

}  // namespace heliopost::backup
