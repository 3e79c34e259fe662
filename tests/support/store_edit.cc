// store_edit: changes rows of a store that no server has open, behind the store's back. For tests of what
// the program says of a store that is damaged or newer.
//
//   store_edit DIRECTORY list rows|chunks              a key a line, in hexadecimal
//   store_edit DIRECTORY put rows|chunks KEY VALUE     both in hexadecimal
//   store_edit DIRECTORY erase rows|chunks KEY
//   store_edit DIRECTORY flip rows|chunks KEY          the lowest bit of the value's last octet
//   store_edit DIRECTORY digest all                    SHA-256 of all keys and values
#include <rocksdb/db.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "crypto/sha256.h"

namespace heliopost {
namespace {

using Family = rocksdb::ColumnFamilyHandle;

int complain(const std::string& text) {
    std::fprintf(stderr, "store_edit: %s\n", text.c_str());
    return 1;
}

int list(rocksdb::DB& database, Family* family) {
    const std::unique_ptr<rocksdb::Iterator> at(database.NewIterator({}, family));
    for (at->SeekToFirst(); at->Valid(); at->Next())
        std::printf("%s\n", to_hex(at->key().ToStringView()).c_str());
    return at->status().ok() ? 0 : complain(at->status().ToString());
}

// With lengths in front, so that no two contents give the same octets.
void add(crypto::Sha256& hash, const rocksdb::Slice& octets) {
    const std::uint64_t length = octets.size();
    hash.add({reinterpret_cast<const char*>(&length), sizeof length});
    hash.add(octets.ToStringView());
}

int digest(rocksdb::DB& database, const std::vector<Family*>& families) {
    crypto::Sha256 hash;
    for (Family* family : families) {
        rocksdb::ReadOptions options;
        options.verify_checksums = true;
        const std::unique_ptr<rocksdb::Iterator> at(database.NewIterator(options, family));
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            add(hash, at->key());
            add(hash, at->value());
        }
        add(hash, "");
        if (!at->status().ok()) return complain(at->status().ToString());
    }
    std::printf("%s\n", to_hex(hash.finish()).c_str());
    return 0;
}

int edit(rocksdb::DB& database, Family* family, const std::vector<std::string>& words) {
    const auto key = words.size() < 4 ? std::nullopt : from_hex(words[3]);
    if (!key) return complain("expected a key in hexadecimal");
    std::string value;
    const bool known = database.Get({}, family, *key, &value).ok();
    rocksdb::Status status;
    if (words[1] == "put") {
        const auto given = words.size() < 5 ? std::nullopt : from_hex(words[4]);
        if (!given) return complain("expected a value in hexadecimal");
        status = database.Put({}, family, *key, *given);
    } else if (!known) {
        return complain("no such key");
    } else if (words[1] == "erase") {
        status = database.Delete({}, family, *key);
    } else if (words[1] == "flip" && !value.empty()) {
        value.back() = static_cast<char>(value.back() ^ 1);
        status = database.Put({}, family, *key, value);
    } else {
        return complain("expected list, put, erase or flip (of a value that is not empty)");
    }
    return status.ok() ? 0 : complain(status.ToString());
}

int run(const std::vector<std::string>& words) {
    if (words.size() < 3) return complain("expected DIRECTORY, what to do, and rows or chunks");
    // Not through the store, which would refuse what it is to be shown.
    std::vector<Family*> families;
    rocksdb::DB* opened = nullptr;
    const auto status =
        rocksdb::DB::Open({}, words[0], {{"default", {}}, {"chunks", {}}}, &families, &opened);
    if (!status.ok()) return complain(status.ToString());
    const std::unique_ptr<rocksdb::DB> database(opened);
    Family* const family = families[words[2] == "chunks" ? 1 : 0];
    int code = 0;
    if (words[1] == "digest")
        code = digest(*database, families);
    else
        code = words[1] == "list" ? list(*database, family) : edit(*database, family, words);
    for (Family* one : families) database->DestroyColumnFamilyHandle(one);
    return code;
}

}  // namespace
}  // namespace heliopost

int main(int argc, char** argv) {
    return heliopost::run({argv + 1, argv + argc});
}
