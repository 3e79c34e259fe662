#include "load/message.h"

#include <array>
#include <random>
#include <string_view>

namespace heliopost::bench {
namespace {

constexpr size_t text_octets = size_t{2} << 20;
constexpr size_t line_octets = 74;

constexpr std::array<std::string_view, 24> words = {
    "invoice",  "meeting", "the",   "of",     "and",    "shipment", "Thursday", "agenda",
    "please",   "find",    "a",     "report", "budget", "regards",  "draft",    "contract",
    "question", "to",      "offer", "we",     "review", "summary",  "minutes",  "answer"};

std::string make_text(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::string text;
    size_t line = 0;
    while (text.size() < text_octets) {
        // A number now and then, so that the text does not compress better than real mail
        const std::string word = random() % 3 == 0 ? std::to_string(random() % 100'000)
                                                   : std::string(words[random() % words.size()]);
        if (line + word.size() > line_octets) {
            text += "\r\n";
            line = 0;
        }
        text += word + " ";
        line += word.size() + 1;
    }
    return text + "\r\n";
}

}  // namespace

MessageMaker::MessageMaker(std::uint64_t seed) : seed_(seed), text_(make_text(seed)) {}

std::string MessageMaker::make(std::uint64_t number, std::uint64_t octets, const std::string& from,
                               const std::string& to) const {
    const std::string id = std::to_string(seed_) + "." + std::to_string(number);
    std::string message =
        "Date: Mon, 23 Nov 2026 08:15:30 +0000\r\nFrom: Bench Load <" + from + ">\r\nTo: Reader <" + to +
        ">\r\nSubject: Report " + id + " for the meeting on Thursday\r\nMessage-ID: <" + id +
        "@load.example>\r\nReferences: <" + std::to_string(seed_) + "." + std::to_string(number / 10) +
        "@load.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\nUser-Agent: heliopost_load\r\n\r\n";
    message.reserve(octets + 2);
    while (message.size() + 2 < octets) {
        const size_t from_line = text_.find('\n', (number * 7919 + seed_ * 104'729) % (text_.size() / 2)) + 1;
        message.append(text_, from_line, octets - message.size() - 2);
    }
    // A cut inside a line end would leave a bare CR.
    if (message.ends_with('\r')) message.pop_back();
    return message + "\r\n";
}

}  // namespace heliopost::bench
