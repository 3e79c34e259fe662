#include "load/imap_client.h"

namespace heliopost::bench {

net::Task<imap::Response> ImapClient::response() {
    for (;;) {
        auto next = reader_.next();
        if (!next) throw net::Gone("no IMAP response: " + next.error().text);
        std::optional<imap::Response>& response = *next;
        if (response) co_return std::move(*response);
        const std::string_view more = co_await connection_.read();
        reader_.feed(more);
    }
}

void ImapClient::note(const imap::Response& response, Answer* answer) {
    const auto& values = response.values;
    if (values.empty()) return;
    if (values.size() >= 2 && values[1].is("EXISTS")) exists_ = values[0].number().value_or(0);
    if (values.size() >= 2 && values[1].is("FETCH")) ++answer->fetched;
    if (values[0].is("SEARCH")) answer->found += values.size() - 1;
    if (values[0].is("CAPABILITY"))
        for (const imap::Value& value : values) literal_plus_ |= value.is("LITERAL+");
}

net::Task<Answer> ImapClient::answer() {
    Answer answer;
    for (;;) {
        answer.tagged = co_await response();
        if (answer.tagged.kind == imap::Response::Kind::tagged) co_return answer;
        if (answer.tagged.status == "BYE" && !leaving_) throw net::Gone(answer.tagged.text);
        note(answer.tagged, &answer);
    }
}

net::Task<Answer> ImapClient::command(std::string line) {
    co_await connection_.write("t" + std::to_string(++last_tag_) + " " + line + "\r\n");
    co_return co_await answer();
}

net::Task<Answer> ImapClient::must(std::string line) {
    Answer given = co_await command(std::move(line));
    if (!given.good()) throw net::Gone(given.tagged.status + " " + given.tagged.text);
    co_return given;
}

net::Task<void> ImapClient::log_in(std::uint64_t number) {
    const Options& options = connection_.options();
    co_await connection_.open();
    co_await response();
    if (options.tls == Tls::start_tls) {
        co_await must("STARTTLS");
        co_await connection_.start_tls();
    }
    co_await must("LOGIN \"" + numbered(options.user, number) + "\" \"" + options.password + "\"");
}

net::Task<void> ImapClient::select() {
    co_await must("SELECT \"" + connection_.options().mailbox + "\"");
}

net::Task<void> ImapClient::begin_idle() {
    co_await connection_.write("t" + std::to_string(++last_tag_) + " IDLE\r\n");
    for (;;) {
        const imap::Response next = co_await response();
        if (next.kind == imap::Response::Kind::continuation) co_return;
        if (next.kind == imap::Response::Kind::tagged) throw net::Gone(next.status + " " + next.text);
    }
}

net::Task<void> ImapClient::log_out() {
    leaving_ = true;
    co_await command("LOGOUT");
    connection_.close();
}

net::Task<void> ImapClient::send_append(std::string message) {
    if (!asked_capability_) {
        co_await must("CAPABILITY");
        asked_capability_ = true;
    }
    std::string line = "t" + std::to_string(++last_tag_) + " APPEND \"" + connection_.options().mailbox +
                       "\" {" + std::to_string(message.size()) + (literal_plus_ ? "+" : "") + "}\r\n";
    if (literal_plus_) {
        co_await connection_.write(std::move(line) + std::move(message) + "\r\n");
        co_return;
    }
    co_await connection_.write(std::move(line));
    for (;;) {
        const imap::Response next = co_await response();
        if (next.kind == imap::Response::Kind::continuation) break;
        if (next.kind == imap::Response::Kind::tagged) throw net::Gone(next.status + " " + next.text);
    }
    co_await connection_.write(std::move(message) + "\r\n");
}

}  // namespace heliopost::bench
