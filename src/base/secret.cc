#include "base/secret.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>

namespace heliopost {
namespace {

std::size_t whole_pages(std::size_t octets) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (octets + page - 1) / page * page;
}

}  // namespace

void wipe(std::string& text) noexcept {
    text.resize(text.capacity());
    explicit_bzero(text.data(), text.size());
    text.clear();
}

Secret::Secret(std::string_view octets) : size_(octets.size()) {
    if (octets.empty()) return;
    const std::size_t mapped = whole_pages(size_);
    void* pages = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    mlock(pages, mapped);  // past the limit of locked memory it may be swapped, which is no reason to fail
    madvise(pages, mapped, MADV_DONTDUMP);
    octets_ = static_cast<char*>(pages);
    std::memcpy(octets_, octets.data(), size_);
}

Secret Secret::take(std::string& from) {
    Secret secret(from);
    wipe(from);
    return secret;
}

Secret::~Secret() {
    if (octets_ == nullptr) return;
    const std::size_t mapped = whole_pages(size_);
    explicit_bzero(octets_, size_);
    munmap(octets_, mapped);
}

}  // namespace heliopost
