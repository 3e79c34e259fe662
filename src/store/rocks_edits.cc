#include "store/rocks_edits.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "store/rocks_log_record.h"

namespace heliopost::store {
namespace {

// Fields of an edit: RocksDB's db/version_edit.h.
enum Field : std::uint64_t {
    comparator = 1,
    log_number = 2,
    next_file_number = 3,
    last_sequence = 4,
    deleted_file = 6,
    previous_log_number = 9,
    min_log_number = 10,
    new_file = 103,
    family = 200,
    family_added = 201,
    family_dropped = 202,
    family_max = 203,
    in_atomic_group = 300,
    blob_file_added = 400,
    blob_file_garbage = 401,
    may_be_ignored = 1U << 13,  // a bit: with a length, whatever it is
};
constexpr std::uint64_t end_of_file_fields = 1, end_of_blob_fields = 0;

class EditReader {
public:
    explicit EditReader(std::string_view octets) : rest_(octets) {}
    bool done() const { return rest_.empty(); }
    bool failed() const { return failed_; }

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const auto octet = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= static_cast<std::uint64_t>(octet & 0x7fU) << shift;
            if (octet < 0x80) return value;
        }
        fail();
        return 0;
    }
    void numbers(int count) {
        for (int i = 0; i < count; ++i) number();
    }
    void text() {
        const std::uint64_t octets = number();
        if (octets > rest_.size()) return fail();
        rest_.remove_prefix(octets);
    }
    // Numbered texts up to one without: what a file or blob has besides.
    void texts_until(std::uint64_t end) {
        while (!failed_ && number() != end) text();
    }
    void fail() {
        failed_ = true;
        rest_ = {};
    }

private:
    std::string_view rest_;
    bool failed_ = false;
};

// RocksDB's own names for what a field has behind it.
void pass_over(EditReader& in, std::uint64_t field) {
    switch (field) {
        case comparator:
        case family_added:
            return in.text();
        case next_file_number:
        case last_sequence:
        case previous_log_number:
        case family_max:
        case in_atomic_group:
            return in.numbers(1);
        case deleted_file:  // level, number
            return in.numbers(2);
        case new_file:  // level, number, octets; smallest, largest key; smallest, largest sequence number
            in.numbers(3);
            in.text();
            in.text();
            in.numbers(2);
            return in.texts_until(end_of_file_fields);
        case blob_file_added:  // number, blobs, octets; checksum's method and value
            in.numbers(3);
            in.text();
            in.text();
            return in.texts_until(end_of_blob_fields);
        case blob_file_garbage:  // number, blobs, octets
            in.numbers(3);
            return in.texts_until(end_of_blob_fields);
        default:
            return (field & may_be_ignored) != 0 ? in.text() : in.fail();
    }
}

class NeededLogs {
public:
    bool take(std::string_view edit) {
        EditReader in(edit);
        std::uint64_t of_family = 0;
        std::optional<std::uint64_t> log;
        bool dropped = false;
        while (!in.done()) {
            const std::uint64_t field = in.number();
            if (field == log_number)
                log = in.number();
            else if (field == min_log_number)
                least_ = std::max(least_, in.number());
            else if (field == family)
                of_family = in.number();
            else if (field == family_dropped)
                dropped = true;
            else
                pass_over(in, field);
        }
        if (in.failed()) return false;
        if (dropped)
            families_.erase(of_family);
        else if (log)
            families_[of_family] = std::max(families_[of_family], *log);
        return true;
    }
    std::uint64_t first_needed() const {
        if (families_.empty()) return least_;
        const auto by_log = [](const auto& a, const auto& b) { return a.second < b.second; };
        return std::max(least_, std::ranges::min_element(families_, by_log)->second);
    }

private:
    std::map<std::uint64_t, std::uint64_t> families_;
    std::uint64_t least_ = 0;
};

}  // namespace

std::uint64_t first_needed_log(std::string_view manifest) {
    NeededLogs logs;
    std::string edit;
    bool known = true;
    each_record(manifest, [&](const LogRecord& record, std::size_t) {
        if (record.type == LogRecord::full || record.type == LogRecord::first) edit.clear();
        edit += record.payload;
        if (record.type == LogRecord::full || record.type == LogRecord::last)
            known = known && logs.take(edit);
    });
    return known ? logs.first_needed() : 0;
}

}  // namespace heliopost::store
