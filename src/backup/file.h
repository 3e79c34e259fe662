// Files of a backup, read and written from front to back, with errors that name the file and say what to do.
//
// Blocks. What is written gets mode 0600 and is on the disk when finish() says so; without it the file is
// removed again. Fault::temporary where the disk is full, Fault::denied for what the system refuses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace heliopost::backup {

inline constexpr std::size_t read_octets = std::size_t{1} << 20;

// Closes what it holds.
class Descriptor {
public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_;
};

class InputFile {
public:
    // Never follows a link at the end of the path. `opened`, if not null, is a directory, and it is the file
    // of that name in it, or the file itself, wherever the path leads by now.
    static Result<InputFile> open(const std::string& path, const Descriptor* opened = nullptr);
    // Up to read_octets, fewer only at the end; nothing behind it.
    Result<std::string> read();
    std::uint32_t mode() const { return mode_; }  // permissions
    // The next read() asks the disk, not the memory of the kernel.
    void forget_cached();

private:
    InputFile(Descriptor file, std::string path, std::uint32_t mode)
        : file_(std::move(file)), path_(std::move(path)), mode_(mode) {}
    Descriptor file_;
    std::string path_;
    std::uint32_t mode_;
    std::int64_t offset_ = 0;
};

class OutputFile {
public:
    // The file must not be there.
    static Result<OutputFile> create(const std::string& path);
    ~OutputFile();
    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&&) = delete;
    Result<> write(std::string_view octets);
    Result<> finish();

private:
    OutputFile(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
    Descriptor file_;
    std::string path_;  // empty: done, or moved from
};

// The directory `name` below one that is open; never a link. `path` is for errors.
Result<Descriptor> open_directory(const Descriptor& below, const std::string& name, const std::string& path);
// What an open directory holds, in no order; `path` is for errors.
Result<std::vector<std::string>> names_below(const Descriptor& directory, const std::string& path);
Result<> sync_directory(const std::string& path);
// 0700, with its parents; no error where it is there.
Result<> make_directory(const std::string& path);
// Both within one file system; not yet synced.
Result<> rename(const std::string& from, const std::string& to);
// What the system said, of errno.
Error failed(const std::string& what, const std::string& path);

}  // namespace heliopost::backup
