#include "load/smtp.h"

#include "base/base64.h"
#include "load/connection.h"
#include "load/message.h"
#include "net/task_group.h"
#include "proto/smtp/reply.h"

namespace heliopost::bench {
namespace {

// What the connections share: the number of the next message.
struct Sending {
    const Options* options;
    SmtpKind kind;
    Report* report;
    MessageMaker maker;
    std::uint64_t next = 0;
};

class SmtpSender {
public:
    SmtpSender(net::World* world, Sending* sending)
        : connection_(world, sending->options), options_(*sending->options), sending_(*sending) {}

    net::Task<void> run() {
        try {
            co_await greet();
            while (sending_.next < options_.count) co_await send_one(sending_.next++);
            co_await command("QUIT\r\n");
        } catch (const std::exception& error) {
            sending_.report->fail(error.what());
        }
        connection_.close();
    }

private:
    net::Task<smtp::Reply> reply() {
        for (;;) {
            const auto used = parser_.feed(std::string_view(input_).substr(at_));
            if (!used) throw net::Gone("no SMTP reply: " + used.error().text);
            at_ += *used;
            if (parser_.done()) break;
            const std::string_view more = co_await connection_.read();
            input_ = more;
            at_ = 0;
        }
        co_return parser_.take();
    }

    net::Task<smtp::Reply> command(std::string line) {
        co_await connection_.write(std::move(line));
        co_return co_await reply();
    }

    // A session that cannot begin has nothing to send.
    net::Task<smtp::Reply> must(std::string line) {
        smtp::Reply answer = co_await command(std::move(line));
        if (!answer.positive()) throw net::Gone(smtp::one_line(answer));
        co_return answer;
    }

    net::Task<void> hello() {
        const std::string verb = sending_.kind == SmtpKind::lmtp ? "LHLO" : "EHLO";
        const smtp::Reply announced = co_await must(verb + " load.example\r\n");
        pipelining_ = false;
        for (const std::string& line : announced.lines) pipelining_ |= line == "PIPELINING";
    }

    net::Task<void> greet() {
        co_await connection_.open();
        const smtp::Reply greeting = co_await reply();
        if (greeting.code != 220) throw net::Gone(smtp::one_line(greeting));
        co_await hello();
        if (options_.tls == Tls::start_tls) {
            co_await must("STARTTLS\r\n");
            co_await connection_.start_tls();
            co_await hello();
        }
        if (options_.user.empty()) co_return;
        std::string plain(1, '\0');
        plain += options_.user;
        plain += '\0';
        plain += options_.password;
        co_await must("AUTH PLAIN " + to_base64(plain) + "\r\n");
    }

    // MAIL, RCPT and DATA in one group where the server takes one: RFC 2920 §3.1
    net::Task<bool> begin(const std::string recipient) {
        const std::array<std::string, 3> lines = {"MAIL FROM:<" + options_.sender + ">\r\n",
                                                  "RCPT TO:<" + recipient + ">\r\n", "DATA\r\n"};
        if (pipelining_) co_await connection_.write(lines[0] + lines[1] + lines[2]);
        bool good = true;
        for (const std::string& line : lines) {
            if (!pipelining_) co_await connection_.write(line);
            const smtp::Reply answer = co_await reply();
            if (!answer.positive() && good) sending_.report->fail(smtp::one_line(answer));
            good = good && answer.positive();
            if (!good && !pipelining_) break;
        }
        if (!good) co_await command("RSET\r\n");
        co_return good;
    }

    net::Task<void> send_one(std::uint64_t number) {
        const std::string& recipient = options_.recipients[number % options_.recipients.size()];
        std::string message = sending_.maker.make(number, options_.octets, options_.sender, recipient);
        const Instant begun = connection_.world().tick();
        const bool accepted = co_await begin(recipient);
        if (!accepted) co_return;
        const smtp::Reply answer = co_await command(std::move(message) + ".\r\n");
        if (!answer.positive()) {
            sending_.report->fail(smtp::one_line(answer));
            co_return;
        }
        ++sending_.report->done;
        const std::chrono::duration<double, std::milli> took = connection_.world().tick() - begun;
        sending_.report->latencies_ms.push_back(took.count());
    }

    Connection connection_;
    const Options& options_;
    Sending& sending_;
    smtp::ReplyParser parser_;
    std::string input_;
    size_t at_ = 0;
    bool pipelining_ = false;
};

net::Task<void> run_sender(net::World* world, Sending* sending) {
    SmtpSender sender(world, sending);
    co_await sender.run();
}

}  // namespace

net::Task<void> send_messages(net::World* world, const Options* options, SmtpKind kind, Report* report) {
    Sending sending{options, kind, report, MessageMaker(options->seed)};
    net::TaskGroup senders(*world, "senders");
    for (std::uint64_t i = 0; i < options->connections; ++i) senders.spawn(run_sender(world, &sending));
    co_await senders.join(Deadline::max());
}

}  // namespace heliopost::bench
