#include "store/fault/fault_file_system.h"

#include <optional>
#include <string_view>
#include <utility>

#include "base/assert.h"

namespace heliopost::store::fault {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus status_of(Answer answer) {
    switch (answer) {
        case Answer::done:
            return IOStatus::OK();
        case Answer::input_output_error:
            return IOStatus::IOError("Input/output error");
        case Answer::no_space:
            return IOStatus::NoSpace("No space left on device");
    }
    std::unreachable();
}

// The store's options do not lead here; if they do one day, the model must know it.
IOStatus never(const char* why) {
    ASSERT(why == nullptr);
    return IOStatus::NotSupported(why);
}

class FaultFile final : public rocksdb::FSWritableFileOwnerWrapper {
public:
    FaultFile(std::shared_ptr<FaultDisk> disk, FaultDisk::FilePtr file,
              std::unique_ptr<rocksdb::FSWritableFile> real)
        : FSWritableFileOwnerWrapper(std::move(real)), disk_(std::move(disk)), file_(std::move(file)) {}

    IOStatus Append(const Slice& octets, const IOOptions& options, IODebugContext* debug) override {
        if (const Answer answer = disk_->append(*file_, {octets.data(), octets.size()});
            answer != Answer::done)
            return status_of(answer);
        return target()->Append(octets, options, debug);
    }
    IOStatus Append(const Slice& octets, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                    IODebugContext* debug) override {
        return Append(octets, options, debug);
    }
    IOStatus PositionedAppend(const Slice&, uint64_t, const IOOptions&, IODebugContext*) override {
        return never("only direct I/O does this");
    }
    IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* debug) override {
        if (const Answer answer = disk_->truncate(*file_, size); answer != Answer::done)
            return status_of(answer);
        return target()->Truncate(size, options, debug);
    }
    IOStatus Sync(const IOOptions&, IODebugContext*) override { return status_of(disk_->sync(*file_)); }
    IOStatus Fsync(const IOOptions&, IODebugContext*) override { return status_of(disk_->sync(*file_)); }
    IOStatus RangeSync(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override {
        return IOStatus::OK();
    }

private:
    std::shared_ptr<FaultDisk> disk_;
    FaultDisk::FilePtr file_;
};

class FaultDirectory final : public rocksdb::FSDirectory {
public:
    explicit FaultDirectory(std::shared_ptr<FaultDisk> disk) : disk_(std::move(disk)) {}
    IOStatus Fsync(const IOOptions&, IODebugContext*) override { return status_of(disk_->sync_names()); }

private:
    std::shared_ptr<FaultDisk> disk_;
};

class FaultFileSystem final : public rocksdb::FileSystemWrapper {
public:
    FaultFileSystem(std::shared_ptr<FaultDisk> disk, std::string directory)
        : FileSystemWrapper(rocksdb::FileSystem::Default()),
          disk_(std::move(disk)),
          prefix_(std::move(directory) + "/") {}

    const char* Name() const override { return "FaultFileSystem"; }

    IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* made, IODebugContext* debug) override {
        const auto name = name_of(path);
        if (!name) return target()->NewWritableFile(path, options, made, debug);
        FaultDisk::FilePtr file;
        if (const Answer answer = disk_->create(*name, &file); answer != Answer::done)
            return status_of(answer);
        return wrap(target()->NewWritableFile(path, options, made, debug), std::move(file), made);
    }
    IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                                std::unique_ptr<rocksdb::FSWritableFile>* made,
                                IODebugContext* debug) override {
        const auto name = name_of(path);
        ASSERT(name.has_value());
        FaultDisk::FilePtr file = disk_->find(*name);
        ASSERT(file != nullptr);
        return wrap(target()->ReopenWritableFile(path, options, made, debug), std::move(file), made);
    }
    IOStatus NewDirectory(const std::string&, const IOOptions&, std::unique_ptr<rocksdb::FSDirectory>* made,
                          IODebugContext*) override {
        *made = std::make_unique<FaultDirectory>(disk_);
        return IOStatus::OK();
    }
    IOStatus DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* debug) override {
        if (const auto name = name_of(path); name && disk_->find(*name) != nullptr)
            if (const Answer answer = disk_->erase(*name); answer != Answer::done) return status_of(answer);
        return target()->DeleteFile(path, options, debug);
    }
    IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                        IODebugContext* debug) override {
        const auto name = name_of(from), new_name = name_of(to);
        ASSERT(name.has_value() == new_name.has_value());
        if (name)
            if (const Answer answer = disk_->rename(*name, *new_name); answer != Answer::done)
                return status_of(answer);
        return target()->RenameFile(from, to, options, debug);
    }

    IOStatus ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                               std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
        return never("logs are not recycled");
    }
    IOStatus NewRandomRWFile(const std::string&, const FileOptions&,
                             std::unique_ptr<rocksdb::FSRandomRWFile>*, IODebugContext*) override {
        return never("nothing is written in place");
    }
    IOStatus LinkFile(const std::string&, const std::string&, const IOOptions&, IODebugContext*) override {
        return never("nothing is linked");
    }
    IOStatus Truncate(const std::string&, size_t, const IOOptions&, IODebugContext*) override {
        return never("nothing is cut by its name");
    }

private:
    // Nothing for the engine's log text and its lock.
    std::optional<std::string> name_of(const std::string& path) const {
        if (!path.starts_with(prefix_)) return std::nullopt;
        std::string name = path.substr(prefix_.size());
        if (name.starts_with("LOG") || name == "LOCK" || name.contains('/')) return std::nullopt;
        return name;
    }
    IOStatus wrap(IOStatus status, FaultDisk::FilePtr file, std::unique_ptr<rocksdb::FSWritableFile>* made) {
        if (status.ok()) *made = std::make_unique<FaultFile>(disk_, std::move(file), std::move(*made));
        return status;
    }

    std::shared_ptr<FaultDisk> disk_;
    std::string prefix_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> make_fault_env(std::shared_ptr<FaultDisk> disk, std::string directory) {
    return rocksdb::NewCompositeEnv(std::make_shared<FaultFileSystem>(std::move(disk), std::move(directory)));
}

}  // namespace heliopost::store::fault
