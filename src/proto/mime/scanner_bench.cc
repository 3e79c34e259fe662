// Nanoseconds for each octet of the scanner, for bodies of several shapes; prints a table.
#include <chrono>
#include <cstdio>
#include <string>

#include "proto/mime/scanner.h"

namespace {

void measure(const char* name, const std::string& message) {
    constexpr size_t chunk = 65'536;
    constexpr int rounds = 8;
    const auto begin = std::chrono::steady_clock::now();
    size_t parts = 0;
    for (int i = 0; i < rounds; ++i) {
        heliopost::mime::Scanner scanner;
        for (size_t at = 0; at < message.size(); at += chunk)
            scanner.feed(std::string_view(message).substr(at, chunk));
        parts = scanner.finish().parts.size();
    }
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
    std::printf("%-28s %10zu octets %6zu parts %8.3f ns/octet\n", name, message.size(), parts,
                time.count() / rounds / static_cast<double>(message.size()));
}

std::string repeat(const std::string& text, size_t octets) {
    std::string out;
    while (out.size() < octets) out += text;
    return out;
}

}  // namespace

int main() {
    constexpr size_t large = size_t{16} << 20;
    const std::string header = "From: Ann <ann@a.example>\r\nTo: bo@b.example\r\nSubject: bench\r\n";
    const std::string multipart = header + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n";
    measure("text, one part", header + "\r\n" + repeat(std::string(70, 'x') + "\r\n", large));
    measure("base64, in a multipart", multipart + repeat(std::string(76, 'A') + "\r\n", large) + "--b--\r\n");
    measure("empty lines, in a multipart", multipart + repeat("\r\n", large));
    measure("dashed lines", multipart + repeat("--bbbbbbbbbbbbbbbbbbbb\r\n", large));
    measure("one endless line", multipart + std::string(large, '-'));
    measure("headers only",
            repeat("Received: from a.example by b.example with ESMTP id 1234567890\r\n", large));
    measure("a short message", header + "\r\nHello\r\n");
    measure("9,000 parts", multipart + repeat("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n", 9'000 * 39));
}
