// For the tests of net/: a real loop that runs one task to its end on the test's own thread.
#pragma once

#include <exception>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "net/system_world.h"
#include "net/task_group.h"

namespace heliopost::net {

class TestLog {
public:
    TestLog()
        : log(
              LogFormat::logfmt, LogLevel::info, [] { return Time(); },
              [this](LogLevel, std::string_view line) {
                  const std::lock_guard lock(mutex_);
                  lines_.emplace_back(line);
              }) {}
    bool contains(std::string_view text) const {
        const std::lock_guard lock(mutex_);
        for (const std::string& line : lines_)
            if (line.find(text) != std::string::npos) return true;
        return false;
    }
    Log log;

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

struct TestLoop {
    TestLog log;
    std::shared_ptr<Pool> pool = std::make_shared<Pool>(2);
    SystemWorld world{log.log, pool};
    TaskGroup tasks{world, "test"};

    ~TestLoop() {
        tasks.stop();
        run(nothing());
    }

    // Runs the task and, until it ends, everything else on the loop. Throws what it throws.
    void run(Task<void> task) {
        std::exception_ptr error;
        TaskGroup main(world, "main");
        main.spawn(to_the_end(this, std::move(task), &error));
        world.run();
        world.io().restart();
        world.io().poll();
        if (error) std::rethrow_exception(error);
    }

    static Task<void> nothing() { co_return; }
    static Task<void> to_the_end(TestLoop* loop, Task<void> task, std::exception_ptr* error) {
        try {
            co_await std::move(task);
        } catch (...) {
            *error = std::current_exception();
        }
        if (loop->tasks.stopping()) co_await loop->tasks.join(loop->world.after(std::chrono::seconds(5)));
        loop->world.stop();
    }
};

class TestFolder {
public:
    TestFolder() {
        std::string path = "/tmp/heliopost-net-XXXXXX";
        path_ = mkdtemp(path.data());
    }
    ~TestFolder() { std::filesystem::remove_all(path_); }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    std::string path(std::string_view name) const { return path_ + "/" + std::string(name); }
    std::string write(std::string_view name, std::string_view text) const {
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }

private:
    std::string path_;
};

}  // namespace heliopost::net
