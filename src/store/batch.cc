#include "store/batch.h"

#include "base/assert.h"

namespace heliopost::store {
namespace {

constexpr size_t row_octets = 16;  // what a row costs an engine beside its key and value

}  // namespace

Slot Batch::next(std::string counter, std::uint32_t count) {
    ASSERT(!counter.empty());
    ASSERT(count > 0);
    grow(counter.size() + row_octets);
    nexts_.push_back({std::move(counter), count});
    return Slot{static_cast<std::uint32_t>(nexts_.size())};
}

void Batch::assert_equal(std::string key, std::optional<std::string> value) {
    grow(key.size() + (value ? value->size() : 0) + row_octets);
    asserts_.push_back({std::move(key), std::move(value)});
}

void Batch::put(Tuple key, Tuple value) {
    if (value.str().size() > value_octets_max) value_too_large_ = true;
    grow(key.str().size() + value.str().size() + row_octets);
    puts_.push_back({std::move(key), std::move(value)});
}

void Batch::erase(std::string key) {
    grow(key.size() + row_octets);
    erases_.push_back({std::move(key), {}});
}

void Batch::erase_range(std::string low, std::string high) {
    if (!high.empty() && low >= high) return;
    ASSERT(!high.empty());
    grow(low.size() + high.size() + row_octets);
    erases_.push_back({std::move(low), std::move(high)});
}

void Batch::erase_all() {
    grow(3 * row_octets);
    erases_all_ = true;
}

void Batch::add(std::string counter, std::int64_t delta, std::optional<std::uint64_t> at_most) {
    ASSERT(!counter.empty());
    grow(counter.size() + row_octets);
    adds_.push_back({std::move(counter), delta, at_most});
}

void Batch::log(ChangeKind kind, std::uint32_t container, Tuple ids) {
    wants_mod_sequence_ = true;
    if (ids.str().size() > value_octets_max) value_too_large_ = true;
    grow(ids.str().size() + 32);
    log_rows_.push_back({kind, container, std::move(ids)});
}

void Batch::reference(BlobId blob, Tuple holder) {
    ASSERT(holder.str().size() == 8);
    grow(48);
    references_.push_back({blob, std::move(holder), false});
}

void Batch::release(BlobId blob, std::uint64_t holder) {
    grow(48);
    references_.push_back({blob, Tuple().u64(holder), true});
}

void Batch::fill(const std::vector<std::uint64_t>& slots) {
    for (Put& put : puts_) {
        put.key.fill(slots);
        put.value.fill(slots);
    }
    for (LogRow& row : log_rows_) row.ids.fill(slots);
    for (Reference& reference : references_) reference.holder.fill(slots);
}

}  // namespace heliopost::store
