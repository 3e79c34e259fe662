#include "store/paced_files.h"

#include <rocksdb/file_system.h>

#include <utility>

namespace heliopost::store {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using GoOn = std::function<bool(std::uint64_t octets)>;

class PacedFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
public:
    PacedFile(std::unique_ptr<rocksdb::FSRandomAccessFile> file, const GoOn& go_on)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), go_on_(go_on) {}

    IOStatus Read(uint64_t offset, size_t n, const IOOptions& options, rocksdb::Slice* result, char* scratch,
                  IODebugContext* debug) const override {
        IOStatus status = target()->Read(offset, n, options, result, scratch, debug);
        if (status.ok() && !go_on_(result->size())) return IOStatus::Aborted("stopped");
        return status;
    }
    IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const IOOptions& options,
                       IODebugContext* debug) override {
        IOStatus status = target()->MultiRead(requests, count, options, debug);
        std::uint64_t octets = 0;
        for (size_t i = 0; i < count; ++i) octets += requests[i].result.size();
        if (status.ok() && !go_on_(octets)) return IOStatus::Aborted("stopped");
        return status;
    }
    // The kernel would read ahead of the pace; RocksDB then reads ahead itself, through Read().
    IOStatus Prefetch(uint64_t, size_t, const IOOptions&, IODebugContext*) override {
        return IOStatus::NotSupported("paced");
    }

private:
    const GoOn& go_on_;
};

class PacedFiles final : public rocksdb::FileSystemWrapper {
public:
    PacedFiles(const std::shared_ptr<rocksdb::FileSystem>& below, GoOn go_on)
        : FileSystemWrapper(below), go_on_(std::move(go_on)) {}

    const char* Name() const override { return "PacedFiles"; }

    IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& options,
                                 std::unique_ptr<rocksdb::FSRandomAccessFile>* made,
                                 IODebugContext* debug) override {
        IOStatus status = target()->NewRandomAccessFile(path, options, made, debug);
        if (status.ok()) *made = std::make_unique<PacedFile>(std::move(*made), go_on_);
        return status;
    }

private:
    const GoOn go_on_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> paced_files(rocksdb::Env& below, GoOn go_on) {
    return rocksdb::NewCompositeEnv(std::make_shared<PacedFiles>(below.GetFileSystem(), std::move(go_on)));
}

}  // namespace heliopost::store
