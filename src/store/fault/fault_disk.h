// FaultDisk: a model of a disk under one directory, for tests: what is on it when the power goes.
//
// As pessimistic as POSIX allows: octets are safe once their file was synced, names (made, renamed, erased)
// once their directory was; the sync of a file says nothing about its name. At a power cut the rest is lost
// or kept by a draw of the seed: names up to some point, unsynced octets none, all, up to a sector, or each
// sector of 512 octets by itself, with zeros where one is lost. Of logs, files *.log, every fourth cut keeps
// all of the newest and nothing of the others.
//
// Every change is one step. A plan says at which step the trouble comes: the power goes just before it, or it
// fails. A sync that fails has lost the octets that it should have written, for good, and the next may
// succeed, as Linux does it. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace heliopost::store::fault {

inline constexpr size_t sector_octets = 512;

// The files of the directory: name and octets.
using Image = std::map<std::string, std::string>;

// Makes the directory hold these files and nothing else.
void write_image(const Image& image, const std::string& directory);

enum class Trouble : std::uint8_t { none, power_cut, input_output_error, no_space };
enum class Answer : std::uint8_t { done, input_output_error, no_space };

struct Plan {
    Trouble trouble = Trouble::none;
    std::uint64_t at_step = 0;  // counted from when it was made, the first is 1
    bool lasting = false;       // each later step fails as well; a full disk always does
};

class FaultDisk {
public:
    class File;
    using FilePtr = std::shared_ptr<File>;

    explicit FaultDisk(std::uint64_t seed, const Image& start = {});

    void plan(Plan plan);
    void lie(std::string ending);  // syncs of files made with such a name say done and do nothing
    void tear(
        std::string beginning);  // of files made with such a name a cut always leaves each sector by itself

    Answer create(const std::string& name, FilePtr* made);  // in place of one that has the name
    FilePtr find(const std::string& name) const;
    Answer append(File& file, std::string_view octets);
    Answer truncate(File& file, std::uint64_t octets);
    Answer sync(File& file);
    Answer rename(const std::string& from, const std::string& to);
    Answer erase(const std::string& name);
    Answer sync_names();

    std::uint64_t steps() const;
    bool cut() const;       // the power is gone: whatever comes now is not on the disk
    bool troubled() const;  // a step has failed
    // Octets were put into a log, a file *.log, while one with a lower name was not synced whole.
    bool log_overtaken() const;
    void cut_now();

    // What is on the disk after the cut; without one, what would be if the power went now.
    Image image();

private:
    using Names = std::map<std::string, FilePtr>;
    struct NameChange {
        std::string name;
        FilePtr file;  // nothing: the name goes
    };

    Answer step(bool writes);
    void look_at_logs(const File& written);
    void take_image();
    enum class Keep : std::uint8_t { none, all, first_sectors, any_sectors };
    std::string octets_after_cut(const File& file, Keep keep);
    static void apply(Names& names, const NameChange& change);
    void change_names(std::vector<NameChange> changes);
    size_t draw(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }

    mutable std::mutex mutex_;
    std::mt19937_64 random_;
    Names names_, safe_names_;
    std::vector<std::vector<NameChange>> unsynced_names_;  // a rename is one change of two names
    Plan plan_;
    std::uint64_t steps_ = 0;
    std::optional<std::string> lie_about_, tear_;
    bool cut_ = false;
    bool troubled_ = false;
    bool log_overtaken_ = false;
    Image image_;
};

}  // namespace heliopost::store::fault
