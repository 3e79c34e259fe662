#include "store/log_files.h"

#include <rocksdb/file_system.h>

#include <mutex>
#include <string_view>
#include <utility>

namespace heliopost::store {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

// The log that is written now; files may outlive the file system that made them.
struct Logs {
    std::function<void(const rocksdb::Status&)> failed;
    std::mutex mutex;
    rocksdb::FSWritableFile* last = nullptr;

    IOStatus told(IOStatus status) const {
        if (!status.ok()) failed(status);
        return status;
    }
};

class LogFile final : public rocksdb::FSWritableFileOwnerWrapper {
public:
    LogFile(std::shared_ptr<Logs> logs, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)), logs_(std::move(logs)) {}
    ~LogFile() override { leave(); }
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
        return logs_->told(target()->Sync(options, debug));
    }
    IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
        return logs_->told(target()->Fsync(options, debug));
    }
    IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
        leave();
        return target()->Close(options, debug);
    }

private:
    void leave() {
        const std::lock_guard lock(logs_->mutex);
        if (logs_->last == this) logs_->last = nullptr;
    }

    const std::shared_ptr<Logs> logs_;
};

class LogFiles final : public rocksdb::FileSystemWrapper {
public:
    LogFiles(const std::shared_ptr<rocksdb::FileSystem>& below,
             std::function<void(const rocksdb::Status&)> failed)
        : FileSystemWrapper(below), logs_(std::make_shared<Logs>()) {
        logs_->failed = std::move(failed);
    }

    const char* Name() const override { return "LogFiles"; }

    IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* made, IODebugContext* debug) override {
        if (!path.ends_with(".log")) return target()->NewWritableFile(path, options, made, debug);
        const std::lock_guard lock(logs_->mutex);
        if (logs_->last != nullptr) {
            if (IOStatus synced = logs_->last->Sync(IOOptions(), debug); !synced.ok()) return synced;
        }
        IOStatus status = target()->NewWritableFile(path, options, made, debug);
        if (!status.ok()) return status;
        auto file = std::make_unique<LogFile>(logs_, std::move(*made));
        logs_->last = file.get();
        *made = std::move(file);
        return status;
    }

private:
    const std::shared_ptr<Logs> logs_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> make_log_files(rocksdb::Env& below,
                                             std::function<void(const rocksdb::Status&)> failed) {
    return rocksdb::NewCompositeEnv(std::make_shared<LogFiles>(below.GetFileSystem(), std::move(failed)));
}

}  // namespace heliopost::store
