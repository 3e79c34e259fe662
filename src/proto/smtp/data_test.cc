#include "proto/smtp/data.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "proto/smtp/bdat.h"
#include "proto/smtp/data_reference.h"
#include "proto/smtp/dot_stuff.h"

namespace heliopost::smtp {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

Decoded decode(std::string_view octets, size_t chunk) {
    DataDecoder decoder;
    Decoded out;
    while (out.consumed < octets.size() && !decoder.done())
        out.consumed += decoder.feed(octets.substr(out.consumed, chunk),
                                     [&](std::string_view piece) { out.message += piece; });
    out.done = decoder.done();
    if (out.done) out.defects = decoder.defects();
    if (!out.done) out.message.clear();
    return out;
}

std::string stuff(std::string_view message, size_t chunk) {
    std::string out;
    const auto sink = [&](std::string_view piece) { out += piece; };
    DotStuffer stuffer;
    for (size_t at = 0; at < message.size(); at += chunk) stuffer.feed(message.substr(at, chunk), sink);
    stuffer.finish(sink);
    return out;
}

constexpr size_t chunks[] = {1, 2, 3, 5, 63, 64, 65, 4096};

}  // namespace

TEST_CASE("DATA: transparency, RFC 5321 §4.5.2") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {".\r\n", ""},
        {"\r\n.\r\n", "\r\n"},
        {"a\r\n.\r\n", "a\r\n"},
        {"..\r\n.\r\n", ".\r\n"},
        {"...a\r\n..b\r\n.\r\n", "..a\r\n.b\r\n"},
        {".a\r\n.\r\n", "a\r\n"},
        {"a.b.\r\nc\r\n.\r\n", "a.b.\r\nc\r\n"},
        {"a\0b\r\n.\r\n"sv, "a\0b\r\n"sv},
    };
    for (const auto& [octets, message] : cases) {
        CAPTURE(octets);
        for (const size_t chunk : chunks) {
            const Decoded got = decode(std::string(octets) + "QUIT\r\n", chunk);
            CHECK(got.done);
            CHECK(got.consumed == octets.size());  // the pipelined QUIT stays
            CHECK(got.message == message);
            CHECK_FALSE(got.defects.any());
        }
    }
}

// Every way to write an end of data that some server once took for one; only CRLF.CRLF may be it.
TEST_CASE("DATA: no smuggling form ends a message, and each is refused or harmless") {
    struct Form {
        std::string text;
        bool refused;  // has a bare CR or LF
    };
    const Form forms[] = {
        {"\n.\n", true},         {"\n.\r\n", true},
        {"\n.\r", true},         {"\r.\r", true},
        {"\r.\n", true},         {"\r.\r\n", true},
        {"\r\n.\r", true},       {"\r\n.\n", true},
        {"\r\n\0.\r\n"s, false}, {"\r\n.\0\r\n"s, false},
        {"\r\0\n.\r\n"s, true},  {"\r\n.\r\0\n"s, true},
        {"\n\0.\n"s, true},      {"\r\n.\r\r\n", true},
        {"\r\n.\n\r\n", true},   {"\n\r.\r\n", true},
        {"\r\n.\n\r", true},     {"\n\n.\n\n", true},
        {"\r\r.\r\r", true},     {"\r\n. \r\n", false},
        {"\r\n .\r\n", false},   {"\r\n.\t\r\n", false},
        {"\x85.\x85", false},    {"\v.\v", false},
        {"\f.\f", false},        {"\x8D\x8A.\x8D\x8A", false},
    };
    static_assert(std::size(forms) >= 17);
    for (const auto& [form, refused] : forms) {
        CAPTURE(form);
        // Also where the form lies across the blocks of 64 octets in which the decoder looks.
        for (size_t pad = 0; pad < 140; ++pad) {
            const std::string inner = std::string(pad, 'x') + form + "MAIL FROM:<evil@a.example>\r\n";
            const std::string octets = "Subject: a\r\n\r\n" + inner + "b\r\n.\r\nNOOP\r\n";
            for (const size_t chunk : chunks) {
                const Decoded got = decode(octets, chunk);
                REQUIRE(got.done);
                REQUIRE(got.consumed == octets.size() - 6);
                REQUIRE((got.defects.bare_cr || got.defects.bare_lf) == refused);
                REQUIRE(got == decode_plainly(octets));
            }
        }
    }
}

TEST_CASE("DATA: a message of dots comes in few pieces, each no longer than what was given") {
    std::string octets;
    while (octets.size() < 1'000'000) octets += "..\r\n";
    octets += ".\r\nQUIT\r\n";
    constexpr size_t buffer = 64 * 1024;
    DataDecoder decoder;
    size_t used = 0;
    size_t pieces = 0;
    std::string message;
    while (!decoder.done()) {
        const auto given = std::string_view(octets).substr(used, buffer);
        const auto piece = decoder.next(given);
        REQUIRE(piece.consumed > 0);
        REQUIRE(piece.octets.size() <= piece.consumed + 1);  // a CR may have been held back
        message += piece.octets;
        used += piece.consumed;
        ++pieces;
    }
    CHECK(octets.substr(used) == "QUIT\r\n");
    CHECK(message.size() == (octets.size() - 9) / 4 * 3);
    CHECK(pieces <= octets.size() / DataDecoder::gather_octets + 2);
    DataDecoder plain;
    CHECK(plain.next(std::string(buffer, 'x')).octets.size() == buffer);  // nothing to gather: not copied
}

TEST_CASE("DATA: a bare CR before the true end marks the message, which ends there all the same") {
    for (const size_t chunk : chunks) {
        const Decoded got = decode("a\r\r\n.\r\n", chunk);
        CHECK(got.done);
        CHECK(got.message == "a\r\r\n");
        CHECK(got.defects.bare_cr);
    }
}

TEST_CASE("DATA: every short text over CR LF dot NUL x equals the plain reading") {
    constexpr std::string_view alphabet("\r\n.\0x", 5);
    size_t texts = 0;
    for (size_t length = 0; length <= 7; ++length) {
        size_t all = 1;
        for (size_t n = 0; n < length; ++n) all *= alphabet.size();
        for (size_t code = 0; code < all; ++code) {
            std::string text;
            for (size_t n = 0, rest = code; n < length; ++n, rest /= alphabet.size())
                text += alphabet[rest % alphabet.size()];
            text += "\r\n.\r\n";
            const Decoded want = decode_plainly(text);
            for (const size_t chunk : {size_t{1}, size_t{3}, size_t{64}})
                if (decode(text, chunk) != want) FAIL("differs: " << doctest::toString(text));
            ++texts;
        }
    }
    CHECK(texts == 97'656);
}

TEST_CASE("DATA: lines up to 64 KiB pass, one octet more is marked") {
    for (const size_t over : {0UL, 1UL, 2UL, 100UL}) {
        for (const std::string& before : {std::string(), "a\r\n"s, std::string(70, 'b') + "\r\n"}) {
            const std::string octets =
                before + std::string(message_line_octets_max + over, 'x') + "\r\nshort\r\n.\r\n";
            for (const size_t chunk : {size_t{1}, size_t{64}, size_t{1000}, octets.size()}) {
                const Decoded got = decode(octets, chunk);
                CHECK(got.done);
                CHECK(got.defects.long_line == (over != 0));
                CHECK_FALSE((got.defects.bare_cr || got.defects.bare_lf));
                CHECK(got.message.size() == octets.size() - 3);
            }
        }
    }
    // The stuffing dot is no part of the line.
    const std::string stuffed = "." + std::string(message_line_octets_max, '.') + "\r\n.\r\n";
    CHECK_FALSE(decode(stuffed, 4096).defects.any());
}

TEST_CASE("DATA: pieces point into what was given, so that nothing is copied") {
    std::string octets;
    while (octets.size() < 100'000) octets += std::string(70, 'x') + "\r\n";
    octets += ".\r\n";
    DataDecoder decoder;
    size_t pieces = 0;
    decoder.feed(octets, [&](std::string_view piece) {
        ++pieces;
        CHECK(piece.data() >= octets.data());
        CHECK(piece.data() + piece.size() <= octets.data() + octets.size());
    });
    CHECK(pieces == 1);
}

TEST_CASE("DATA: what DotStuffer writes decodes to the same message") {
    const std::string messages[] = {
        "", "\r\n", ".\r\n", "..\r\n", "a\r\n.b\r\n\r\n.\r\n", ".a\r\n" + std::string(200, '.') + "\r\n"};
    for (const auto& message : messages) {
        CAPTURE(message);
        for (const size_t chunk : chunks) {
            const Decoded got = decode(stuff(message, chunk), 4096);
            CHECK(got.done);
            CHECK(got.message == message);
        }
    }
}

TEST_CASE("DotStuffer: nothing bare leaves, RFC 5321 §2.3.8") {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"a", "a\r\n.\r\n"},
        {"a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"},
        {"a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"},
        {"a\r\n.\r", "a\r\n..\r\n.\r\n"},
        {"\n\n", "\r\n\r\n.\r\n"},
        {"\r\r\n", "\r\n\r\n.\r\n"},
        {"\n.", "\r\n..\r\n.\r\n"},
        {".\n.\r\nx", "..\r\n..\r\nx\r\n.\r\n"},
    };
    for (const auto& [message, want] : cases) {
        CAPTURE(message);
        for (const size_t chunk : chunks) CHECK(stuff(message, chunk) == want);
    }
}

TEST_CASE("BDAT: chunks are counted, checked over their borders and never overflow (RFC 3030 §2)") {
    std::string message;
    const auto sink = [&](std::string_view piece) { message += piece; };
    BdatDecoder ok(100);
    ok.begin({.size = 3, .last = false});
    CHECK(ok.feed("a\r", sink) == 2);
    CHECK_FALSE(ok.chunk_done());
    CHECK(ok.feed("\nBDAT", sink) == 1);
    CHECK(ok.chunk_done());
    ok.begin({.size = 0, .last = true});
    CHECK(ok.chunk_done());
    CHECK(ok.finish() == Defects{});
    CHECK(message == "a\r\n");
    CHECK(ok.octets() == 3);

    const auto whole = [&](std::string_view first, std::string_view second) {
        BdatDecoder chunks_of(1'000'000);
        chunks_of.begin({.size = first.size(), .last = false});
        chunks_of.feed(first, sink);
        chunks_of.begin({.size = second.size(), .last = true});
        chunks_of.feed(second, sink);
        return chunks_of.finish();
    };
    CHECK(whole("a\r", "\nb") == Defects{});
    CHECK(whole("a\r", "b").bare_cr);
    CHECK(whole("a", "\nb").bare_lf);
    CHECK(whole("a", "b\r").bare_cr);
    CHECK(whole(".\r\n", ".\r\n") == Defects{});  // a dot is nothing special
    CHECK(whole(std::string(message_line_octets_max, 'x'), "x").long_line);
    CHECK(whole(std::string(message_line_octets_max, 'x'), "\r\n") == Defects{});

    message.clear();
    BdatDecoder large(10);
    large.begin({.size = 8, .last = false});
    CHECK(large.feed("12345678", sink) == 8);
    large.begin({.size = UINT64_MAX, .last = true});
    CHECK(large.too_large());
    CHECK(large.feed("abc", sink) == 3);  // consumed, so that the stream stays in step
    CHECK_FALSE(large.chunk_done());
    CHECK(message == "12345678");
}

TEST_CASE("line scan: every form at every place in a block equals the plain reading") {
    for (const std::string_view form : {"\r\n", "\r", "\n", "\n\r", "\r\r\n", "\r\n\n", "\r\n\r\n", "x"}) {
        for (size_t pad = 0; pad < 140; ++pad) {
            const std::string text =
                std::string(pad, 'x') + std::string(form) + std::string(140, 'y') + "\r\n";
            for (const size_t chunk : chunks) {
                LineScanner scanner;
                for (size_t at = 0; at < text.size(); at += chunk)
                    scanner.feed(std::string_view(text).substr(at, chunk));
                REQUIRE(scanner.finish() == defects_of(text));
            }
        }
    }
    for (const size_t over : {0UL, 1UL}) {
        const std::string text = "a\r\n" + std::string(message_line_octets_max + over, 'x') + "\r\n";
        LineScanner scanner;
        scanner.feed(text);
        CHECK(scanner.finish().long_line == (over != 0));
    }
}

}  // namespace heliopost::smtp
