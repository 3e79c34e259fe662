#include "queue/check.h"

#include <algorithm>

#include "base/base64.h"
#include "queue/records.h"

namespace heliopost::queue {

void Check::row(std::string_view octets, std::string_view value) {
    const auto key = parse_key(octets);
    if (in_entry_ && (!key || key->id != id_)) end_entry();
    if (!key) {
        lost("queue, row " + to_hex(octets), key.error().text);
        if (take_out_) mended(take_out_(octets, value, key.error().text), findings_.size() - 1);
        return;
    }
    if (!in_entry_) {
        in_entry_ = true;
        id_ = key->id;
        has_entry_row_ = false;
        expected_ = seen_ = 0;
        broken_ = false;
        sound_findings_ = findings_.size();
        rows_.clear();
    }
    if (take_out_) rows_.emplace_back(octets, value);
    if (const auto index = key->recipient) {
        ++seen_;
        ++recipients_;
        if (const auto recipient = decode_recipient(*index, value); !recipient)
            lost("queue, message " + to_text(id_) + ", recipient " + std::to_string(*index),
                 recipient.error().text);
        return;
    }
    has_entry_row_ = true;
    ++entries_;
    const auto entry = decode_entry(key->id, value);
    if (!entry) {
        lost("queue, message " + to_text(id_), entry.error().text);
        return;
    }
    expected_ = entry->recipient_count;
    blobs_.push_back({id_, entry->blob.id, entry->blob.octets});
}

void Check::finish() {
    if (in_entry_) end_entry();
}

void Check::lost(std::string where, std::string what) {
    broken_ = true;
    more_ = findings_.size() == store::check_problems_max;
    if (more_)
        findings_.back() = {store::Harm::lost, "queue", "there are more problems"};
    else
        findings_.push_back({store::Harm::lost, std::move(where), std::move(what)});
}

// That there are more stays true until another check finds none.
void Check::mended(bool all, std::size_t from) {
    for (std::size_t i = from; i + (more_ ? 1 : 0) < findings_.size(); ++i) findings_[i].mended = all;
}

void Check::end_entry() {
    in_entry_ = false;
    if (!has_entry_row_)
        lost("queue, message " + to_text(id_), "recipients without an entry");
    else if (expected_ != 0 && seen_ != expected_)
        lost("queue, message " + to_text(id_),
             std::to_string(seen_) + " recipients are there of " + std::to_string(expected_));
    if (take_out_ && broken_ && take_out_entry())
        std::erase_if(blobs_, [this](const Kept& kept) { return kept.id == id_; });
}

bool Check::take_out_entry() {
    const std::size_t first = std::min(sound_findings_, findings_.size() - 1);
    const std::string reason = findings_[first].what;
    bool all = true;
    for (const auto& [key, value] : rows_) all = take_out_(key, value, reason) && all;
    mended(all, sound_findings_);
    return all;
}

}  // namespace heliopost::queue
