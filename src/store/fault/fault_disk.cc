#include "store/fault/fault_disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

namespace heliopost::store::fault {

class FaultDisk::File {
public:
    bool lied_about = false;
    bool torn = false;
    std::string log;     // its name, if it is one
    std::string octets;  // as a reader sees them
    std::string safe;    // what a sync has put on the disk, the front of octets but for lost sectors
    std::vector<std::pair<size_t, size_t>> lost;  // [from, to) of octets that a failed sync has lost
};

void write_image(const Image& image, const std::string& directory) {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    for (const auto& [name, octets] : image)
        std::ofstream(directory + "/" + name, std::ios::binary) << octets;
}

FaultDisk::FaultDisk(std::uint64_t seed, const Image& start) : random_(seed) {
    for (const auto& [name, octets] : start) {
        auto file = std::make_shared<File>();
        file->octets = file->safe = octets;
        names_.emplace(name, std::move(file));
    }
    safe_names_ = names_;
}

void FaultDisk::plan(Plan plan) {
    const std::lock_guard lock(mutex_);
    plan.at_step += steps_;
    plan_ = plan;
}

void FaultDisk::lie(std::string ending) {
    const std::lock_guard lock(mutex_);
    lie_about_ = std::move(ending);
}

void FaultDisk::tear(std::string beginning) {
    const std::lock_guard lock(mutex_);
    tear_ = std::move(beginning);
}

// Under the lock. writes: the step needs room on the disk.
Answer FaultDisk::step(bool writes) {
    ++steps_;
    if (cut_ || plan_.trouble == Trouble::none) return Answer::done;
    const bool full = plan_.trouble == Trouble::no_space;
    const bool now = plan_.lasting || full ? steps_ >= plan_.at_step : steps_ == plan_.at_step;
    if (!now || (full && !writes)) return Answer::done;
    if (plan_.trouble == Trouble::power_cut) {
        take_image();
        return Answer::done;
    }
    troubled_ = true;
    return full ? Answer::no_space : Answer::input_output_error;
}

Answer FaultDisk::create(const std::string& name, FilePtr* made) {
    const std::lock_guard lock(mutex_);
    if (const Answer answer = step(true); answer != Answer::done) return answer;
    *made = std::make_shared<File>();
    (*made)->lied_about = lie_about_ && name.ends_with(*lie_about_);
    if (name.ends_with(".log")) (*made)->log = name;
    (*made)->torn = tear_ && name.starts_with(*tear_);
    change_names({{name, *made}});
    return Answer::done;
}

FaultDisk::FilePtr FaultDisk::find(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(name);
    return found == names_.end() ? nullptr : found->second;
}

Answer FaultDisk::append(File& file, std::string_view octets) {
    const std::lock_guard lock(mutex_);
    const Answer answer = step(true);
    // A write that fails may have written some.
    if (answer != Answer::done) octets = octets.substr(0, draw(octets.size() + 1));
    file.octets += octets;
    if (!file.log.empty()) look_at_logs(file);
    return answer;
}

void FaultDisk::look_at_logs(const File& written) {
    for (const auto& [name, file] : names_)
        log_overtaken_ = log_overtaken_ || (!file->log.empty() && name < written.log &&
                                            file->safe.size() < file->octets.size());
}

Answer FaultDisk::truncate(File& file, std::uint64_t octets) {
    const std::lock_guard lock(mutex_);
    if (const Answer answer = step(false); answer != Answer::done) return answer;
    file.octets.resize(std::min<size_t>(octets, file.octets.size()));
    file.safe.resize(std::min(file.safe.size(), file.octets.size()));
    return Answer::done;
}

Answer FaultDisk::sync(File& file) {
    const std::lock_guard lock(mutex_);
    const Answer answer = step(false);
    if (answer != Answer::done) {
        file.lost.emplace_back(file.safe.size(), file.octets.size());
        return answer;
    }
    if (file.lied_about || cut_) return Answer::done;
    const size_t from = file.safe.size();
    file.safe.append(file.octets, from);
    for (const auto& [first, last] : file.lost)
        for (size_t at = std::max(first, from); at < last; ++at) file.safe[at] = '\0';
    file.lost.clear();
    return Answer::done;
}

Answer FaultDisk::rename(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    if (const Answer answer = step(true); answer != Answer::done) return answer;
    change_names({{to, names_[from]}, {from, nullptr}});
    return Answer::done;
}

Answer FaultDisk::erase(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (const Answer answer = step(false); answer != Answer::done) return answer;
    change_names({{name, nullptr}});
    return Answer::done;
}

Answer FaultDisk::sync_names() {
    const std::lock_guard lock(mutex_);
    if (const Answer answer = step(false); answer != Answer::done) return answer;
    safe_names_ = names_;
    unsynced_names_.clear();
    return Answer::done;
}

std::uint64_t FaultDisk::steps() const {
    const std::lock_guard lock(mutex_);
    return steps_;
}

bool FaultDisk::cut() const {
    const std::lock_guard lock(mutex_);
    return cut_;
}

bool FaultDisk::troubled() const {
    const std::lock_guard lock(mutex_);
    return troubled_;
}

bool FaultDisk::log_overtaken() const {
    const std::lock_guard lock(mutex_);
    return log_overtaken_;
}

void FaultDisk::cut_now() {
    const std::lock_guard lock(mutex_);
    if (!cut_) take_image();
}

Image FaultDisk::image() {
    const std::lock_guard lock(mutex_);
    if (!cut_) take_image();
    return image_;
}

// Journals keep the order of changes to names: some first ones are on the disk, the others are not.
void FaultDisk::take_image() {
    cut_ = true;
    Names names = safe_names_;
    size_t kept = 0;
    if (const size_t mode = draw(3); mode != 0)
        kept = mode == 1 ? unsynced_names_.size() : draw(unsynced_names_.size() + 1);
    for (size_t i = 0; i < kept; ++i)
        for (const NameChange& change : unsynced_names_[i]) apply(names, change);
    const bool newest_log_only = draw(4) == 0;
    const File* newest = nullptr;
    for (const auto& [name, file] : names)
        if (!file->log.empty()) newest = file.get();
    for (const auto& [name, file] : names) {
        Keep keep = file->torn ? Keep::any_sectors : static_cast<Keep>(draw(4));
        if (newest_log_only && !file->log.empty()) keep = file.get() == newest ? Keep::all : Keep::none;
        image_[name] = octets_after_cut(*file, keep);
    }
}

std::string FaultDisk::octets_after_cut(const File& file, Keep keep) {
    std::string out = file.safe;
    const size_t unsynced = file.octets.size() - out.size();
    if (unsynced == 0) return out;
    if (keep == Keep::none) return out;
    out = file.octets;
    if (keep == Keep::first_sectors)
        out.resize(std::max(file.safe.size(),
                            (file.safe.size() + draw(unsynced + 1)) / sector_octets * sector_octets));
    if (keep == Keep::any_sectors) {
        for (size_t at = file.safe.size(); at < out.size();) {
            const size_t end = std::min(out.size(), (at / sector_octets + 1) * sector_octets);
            if (draw(2) == 0)
                std::fill(out.begin() + static_cast<ptrdiff_t>(at), out.begin() + static_cast<ptrdiff_t>(end),
                          '\0');
            at = end;
        }
    }
    for (const auto& [first, last] : file.lost)
        for (size_t at = std::max(first, file.safe.size()); at < std::min(last, out.size()); ++at)
            out[at] = '\0';
    return out;
}

void FaultDisk::apply(Names& names, const NameChange& change) {
    if (change.file)
        names[change.name] = change.file;
    else
        names.erase(change.name);
}

void FaultDisk::change_names(std::vector<NameChange> changes) {
    for (const NameChange& change : changes) apply(names_, change);
    if (!cut_) unsynced_names_.push_back(std::move(changes));
}

}  // namespace heliopost::store::fault
