// How much a scanner holds of a message that is not whole yet: what it has been fed, a few times over at
// most, whatever the message is made of.
#include <doctest/doctest.h>

#if __has_feature(address_sanitizer)
#include <sanitizer/allocator_interface.h>
#else
#include <malloc.h>
#endif

#include <algorithm>
#include <string>

#include "proto/mime/scanner.h"

namespace heliopost::mime {
namespace {

// Octets that the program has allocated and not given back.
std::size_t held_now() {
#if __has_feature(address_sanitizer)
    return __sanitizer_get_current_allocated_bytes();
#else
    const auto all = mallinfo2();
    return all.uordblks + all.hblkhd;
#endif
}

constexpr std::size_t times_fed_max = 3;
constexpr std::size_t held_max = std::size_t{3} << 20;

struct Held {
    std::size_t stalled;  // when the sender sends no more
    std::size_t most;     // after any packet
};

// As a server feeds it: some packets at a time.
Held held_of(const std::string& message, std::size_t step = 1'400) {
    Scanner scanner;
    const std::size_t before = held_now();
    std::size_t most = before;
    for (std::size_t at = 0; at < message.size(); at += step) {
        scanner.feed(std::string_view(message).substr(at, step));
        most = std::max(most, held_now());
    }
    return {held_now() - before, most - before};
}

std::string parts_of(const std::string& part, std::size_t octets) {
    std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    while (message.size() < octets) message += part;
    return message;
}

}  // namespace

TEST_CASE("scanner: what is held of an unfinished message is in proportion to it, and bounded") {
    std::string fat = "--b\r\n";
    for (const char* name : {"Type", "Transfer-Encoding", "Disposition", "ID", "Description", "Location"})
        fat += "Content-" + std::string(name) + ": a/b; " + std::string(100, 'x') + "=1;a=b;c=d\r\n";
    std::string parameters = "--b\r\nContent-Type: a/b";
    for (int i = 0; i < 60; ++i) parameters += ";a=b";
    std::string addresses = "To: ";
    for (int i = 0; i < 20'000; ++i) addresses += "a@b,\r\n ";
    std::string nested;
    for (int i = 0; i < 20'000; ++i) nested += "Content-Type: message/rfc822\r\n\r\n";
    std::string nested_multipart;
    for (int i = 0; i < 200; ++i)
        nested_multipart += "Content-Type: multipart/x; boundary=" + std::to_string(i) + "\r\n\r\n--" +
                            std::to_string(i) + "\r\n";
    const std::string messages[] = {
        parts_of("--b\n", 130'000),
        parts_of("--b\r\nX: y\r\n\r\n", 130'000),
        parts_of("--b\r\nTo: y\r\nContent-ID:\r\n\r\n", 130'000),
        parts_of("--b\r\nContent-Type: message/rfc822\r\n\r\nTo:\r\nCc:\r\nDate:\r\n\r\n", 130'000),
        parts_of(fat + "\r\n", 3'000'000),
        parts_of(parameters + "\r\n\r\n", 3'000'000),
        "Content-Type: a/b" + std::string(600'000, ';'),
        "Subject: " + std::string(3'000'000, 'x'),
        "Subject: " + std::string(600'000, 'x') + "\r\nTo: " + std::string(600'000, 'x') +
            "\r\nContent-Type: " + std::string(600'000, 'x') + "\r\nContent-ID: " + std::string(600'000, 'x'),
        addresses,
        nested,
        nested_multipart,
    };
    constexpr std::size_t apart = 4'096;  // the scanner itself
    for (const std::string& message : messages) {
        CAPTURE(message.substr(0, 100));
        const Held held = held_of(message);
        CHECK(held.stalled <= times_fed_max * message.size() + apart);
        CHECK(held.most <= times_fed_max * message.size() + 64 * 1024);
        CHECK(held.stalled <= held_max);
        CHECK(held.most <= held_max);
    }
}

}  // namespace heliopost::mime
