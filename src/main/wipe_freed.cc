// What is given back to the heap is wiped first, so that a password that once stood in some text is not found
// in what the process has freed. It costs what it takes to write a block of a few hundred octets; larger
// ones, of which a line with a password is none, are left as they are.
//
// It replaces the program's operator delete (C++23 [replacement.functions]); the sanitizers bring their own.
#include <malloc.h>
#include <string.h>

#include <cstdlib>
#include <new>

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HELIOPOST_OWN_DELETE 0
#else
#define HELIOPOST_OWN_DELETE 1
#endif

#if HELIOPOST_OWN_DELETE
namespace heliopost {
namespace {

constexpr std::size_t wiped_block_octets_max = 16 * 1024;  // above sasl::line_octets_max

// Not inlined: beside the `new` of the block, _FORTIFY_SOURCE would hold the room that malloc gave against
// what was asked for.
[[gnu::noinline]] void wipe_and_free(void* block) noexcept {
    if (block == nullptr) return;
    const std::size_t octets = malloc_usable_size(block);
    if (octets <= wiped_block_octets_max) explicit_bzero(block, octets);
    std::free(block);
}

}  // namespace
}  // namespace heliopost

void operator delete(void* block) noexcept {
    heliopost::wipe_and_free(block);
}
void operator delete(void* block, std::size_t /*octets*/) noexcept {
    heliopost::wipe_and_free(block);
}
void operator delete(void* block, std::align_val_t /*alignment*/) noexcept {
    heliopost::wipe_and_free(block);
}
void operator delete(void* block, std::size_t /*octets*/, std::align_val_t /*alignment*/) noexcept {
    heliopost::wipe_and_free(block);
}
#endif
