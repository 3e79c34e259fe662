#include "load/process_tree.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace heliopost::bench {
namespace {

namespace fs = std::filesystem;

struct Process {
    pid_t parent = 0;
    double own_seconds = 0;       // in ticks of 10 ms, threads that have ended included
    double children_seconds = 0;  // of those waited for
};

std::string read_file(const std::string& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

// The fields of stat behind the name, which may hold spaces and parentheses.
Process read_process(pid_t pid) {
    const std::string text = read_file("/proc/" + std::to_string(pid) + "/stat");
    const auto name_end = text.rfind(')');
    Process process;
    if (name_end == std::string::npos) return process;
    std::istringstream fields(text.substr(name_end + 2));
    std::vector<std::string> words;
    for (std::string word; fields >> word;) words.push_back(word);
    if (words.size() < 15) return process;
    const auto seconds = [&](size_t field) {
        return std::stod(words[field]) / static_cast<double>(sysconf(_SC_CLK_TCK));
    };
    process.parent = static_cast<pid_t>(std::stol(words[1]));
    process.own_seconds = seconds(11) + seconds(12);
    process.children_seconds = seconds(13) + seconds(14);
    return process;
}

// Nanoseconds on a processor of the threads that live, finer than the ticks of stat.
double thread_seconds(pid_t pid) {
    double nanoseconds = 0;
    std::error_code error;
    for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
        std::ifstream in(task.path() / "schedstat");
        double running = 0;
        if (in >> running) nanoseconds += running;
    }
    return nanoseconds / 1e9;
}

std::map<pid_t, Process> all_processes() {
    std::map<pid_t, Process> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (failed == std::errc() && end == name.data() + name.size()) found.emplace(pid, read_process(pid));
    }
    return found;
}

std::vector<pid_t> tree_of(const std::vector<int>& roots, const std::map<pid_t, Process>& all) {
    std::vector<pid_t> tree;
    for (const int root : roots)
        if (all.contains(root)) tree.push_back(root);
    for (size_t i = 0; i < tree.size(); ++i)
        for (const auto& [pid, process] : all)
            if (process.parent == tree[i]) tree.push_back(pid);
    return tree;
}

std::uint64_t memory_field(const std::string& rollup, std::string_view name) {
    const auto at = rollup.find(name);
    if (at == std::string::npos) return 0;
    return std::stoull(rollup.substr(at + name.size())) * 1024;
}

}  // namespace

double cpu_seconds_of(const std::vector<int>& roots) {
    if (roots.empty()) return 0;
    const auto all = all_processes();
    double seconds = 0;
    for (const pid_t pid : tree_of(roots, all)) {
        const Process& process = all.at(pid);
        // The ticks know threads that have ended, schedstat is exact about the others.
        seconds += std::max(process.own_seconds - 0.01, thread_seconds(pid)) + process.children_seconds;
    }
    return seconds;
}

Usage usage_of(const std::vector<int>& roots) {
    Usage usage;
    if (roots.empty()) return usage;
    usage.cpu_seconds = cpu_seconds_of(roots);
    for (const pid_t pid : tree_of(roots, all_processes())) {
        const std::string rollup = read_file("/proc/" + std::to_string(pid) + "/smaps_rollup");
        usage.resident_octets += memory_field(rollup, "\nRss:");
        usage.proportional_octets += memory_field(rollup, "\nPss:");
        ++usage.processes;
    }
    return usage;
}

}  // namespace heliopost::bench
