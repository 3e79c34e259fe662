// Rows that a repair takes out of a store, and messages that belong to nobody: in files that anybody can
// read.
//
// taken-out-TIME.jsonl: a JSON line a row: "key" and "value" in base64, the engine's whole key; "where" and
// "reason" for people. taken-out-TIME-BLOB.eml: a message's octets. Made when the first comes, mode 0600.
#pragma once

#include <string>
#include <string_view>

#include "backup/file.h"
#include "base/result.h"
#include "net/task.h"
#include "store/blob.h"

namespace heliopost {

class KeptRows {
public:
    explicit KeptRows(std::string path)
        : path_(std::move(path)) {}  // without the ending; empty: keeps nothing

    bool keeps() const { return !path_.empty(); }
    bool used() const { return static_cast<bool>(file_); }
    std::string rows_file() const { return path_ + ".jsonl"; }

    Result<> add(std::string_view engine_key, std::string_view value, std::string_view where,
                 std::string_view reason);
    Result<> sync();  // what was added is on disk
    net::Task<Result<std::string>> add_message(store::BlobStore* blobs, store::BlobId blob);  // its file

private:
    std::string path_;
    backup::Descriptor file_;
};

}  // namespace heliopost
