// Dialogues for the tests of this folder.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/smtp/session.h"
#include "server/smtp/test_service.h"

namespace heliopost::smtp_server {

struct Line {
    std::string say;   // without its CRLF; empty: only listen
    std::string hear;  // how the answer starts
};

inline void play(TestServer& server, const std::vector<Line>& lines) {
    TestClient client(server);
    for (const Line& line : lines) {
        CAPTURE(line.say);
        const std::string heard = line.say.empty() ? client.hear() : client.say(line.say + "\r\n");
        CHECK_MESSAGE(heard.starts_with(line.hear), heard);
    }
}

// "220 250 354": the code of each reply's last line.
inline std::string codes_of(std::string_view heard) {
    std::string out;
    while (heard.size() >= 4) {
        if (heard[3] == ' ') {
            if (!out.empty()) out += ' ';
            out += heard.substr(0, 3);
        }
        const std::size_t end = heard.find('\n');
        if (end == std::string_view::npos) break;
        heard.remove_prefix(end + 1);
    }
    return out;
}

inline std::string stuffed(std::string_view message) {
    std::string out;
    bool line_start = true;
    for (const char c : message) {
        if (line_start && c == '.') out += '.';
        out += c;
        line_start = c == '\n';
    }
    return out;
}

// A whole transaction behind EHLO; the reply to the message. Ends with CRLF.
inline std::string send_message(TestClient& client, const std::vector<std::string>& recipients,
                                const std::string& message, const std::string& from = "x@b.example") {
    std::string heard = client.say("MAIL FROM:<" + from + ">\r\n");
    if (!heard.starts_with("250")) return heard;
    for (const std::string& recipient : recipients) {
        heard = client.say("RCPT TO:<" + recipient + ">\r\n");
        if (!heard.starts_with("250")) return heard;
    }
    heard = client.say("DATA\r\n");
    if (!heard.starts_with("354")) return heard;
    return client.say(stuffed(message) + ".\r\n");
}

}  // namespace heliopost::smtp_server
