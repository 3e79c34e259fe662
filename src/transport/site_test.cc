// The scripted servers and the site of test_site.h.
#include "transport/test_site.h"

#include <algorithm>
#include <utility>

namespace heliopost::transport {
namespace {

constexpr std::size_t line_max = 4'096;

bool starts(std::string_view text, std::string_view start) {
    return text.starts_with(start);
}

}  // namespace

ScriptedServer::ScriptedServer(net::MemoryNetwork& network, std::string name,
                               std::vector<std::string> addresses, std::uint16_t port)
    : world(network.add_host(std::move(name), std::move(addresses))),
      network_(network),
      tasks_(world, "scripted") {
    auto listener = world.listen(net::parse_endpoint(":" + std::to_string(port)).value(), {});
    REQUIRE(listener.has_value());
    listener_ = std::move(*listener);
    tasks_.spawn(serve_all());
}

ScriptedServer::~ScriptedServer() {
    tasks_.stop();
    network_.run_until([this] { return tasks_.size() == 0; }, 1s);
}

std::size_t ScriptedServer::count(std::string_view start) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(lines, [&](const std::string& line) { return starts(line, start); }));
}

net::Task<void> ScriptedServer::serve_all() {
    for (;;) {
        std::unique_ptr<net::Stream> stream = co_await listener_->accept();
        tasks_.spawn(serve(std::move(stream)));
    }
}

std::string ScriptedServer::ehlo(bool tls) const {
    std::string reply = "250-" + world.name();
    for (const std::string& extension : extensions)
        if (!tls || extension != "STARTTLS") reply += "\r\n250-" + extension;
    reply[reply.rfind("250-") + 3] = ' ';
    return reply + "\r\n";
}

net::Task<void> ScriptedServer::serve(std::unique_ptr<net::Stream> stream) {
    struct Open {
        explicit Open(ScriptedServer* server) : of(server) {
            of->open_most = std::max(of->open_most, ++of->open);
        }
        ~Open() { --of->open; }
        ScriptedServer* of;
    };
    const Open open_one(this);
    net::LineReader reader(*stream, 4'096);
    Taken now;
    now.connection = ++connections;
    now.from = stream->peer().address;
    bool tls = tls_from_start;
    if (tls_from_start) co_await stream->start_tls_server(nullptr, world.after(1min));
    const std::string greeting = (answer ? answer("") : std::nullopt).value_or("220 ready\r\n");
    if (greeting == "drop") co_return;
    co_await stream->write(greeting, world.after(1h));
    for (;;) {
        std::string line;
        const Result<bool> more = co_await reader.read_line(&line, line_max, world.after(24h));
        if (!more || !*more) co_return;
        while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
        lines.push_back(line);
        const bool stays = co_await converse(stream.get(), &reader, std::move(line), &now, &tls);
        if (!stays) co_return;
    }
}

net::Task<bool> ScriptedServer::converse(net::Stream* stream, net::LineReader* reader, std::string line,
                                         Taken* now, bool* tls) {
    std::optional<std::string> said = answer ? answer(line) : std::nullopt;
    std::string reply = "250 2.0.0 ok\r\n";
    if (starts(line, "EHLO")) reply = ehlo(*tls);
    if (line == "STARTTLS" || line == "QUIT") reply = "220 go\r\n";
    if (starts(line, "AUTH")) reply = "235 2.7.0 welcome\r\n";
    if (line == "DATA") reply = now->rcpts.empty() ? "503 5.5.1 no recipients\r\n" : "354 send\r\n";
    if (said) reply = *said;
    if (reply == "drop") co_return false;
    co_await stream->write(reply, world.after(1h));
    if (line == "QUIT") co_return false;
    const bool positive = reply.front() == '2';
    if (starts(line, "MAIL") && positive)
        *now = {.mail = line,
                .rcpts = {},
                .content = {},
                .tls = *tls,
                .connection = now->connection,
                .from = now->from};
    if (starts(line, "RCPT") && positive) now->rcpts.push_back(line);
    if (line == "RSET") now->rcpts.clear();
    if (line == "STARTTLS" && positive) {
        if (breaks_tls) co_return false;
        co_await stream->start_tls_server(nullptr, world.after(1min));
        *tls = true;
    }
    if (line != "DATA" || !starts(reply, "354")) co_return true;
    co_await take_content(reader, now);
    const std::string end = (answer ? answer(".") : std::nullopt).value_or("250 2.6.0 taken\r\n");
    if (starts(end, "250") || end == "drop") taken.push_back(*now);
    now->rcpts.clear();
    if (end == "drop") co_return false;
    co_await stream->write(end, world.after(1h));
    co_return true;
}

net::Task<void> ScriptedServer::take_content(net::LineReader* reader, Taken* now) {
    now->content.clear();
    for (;;) {
        std::string line;
        const Result<bool> more = co_await reader->read_line(&line, 100'000, world.after(24h));
        if (!more || !*more) throw net::Gone("cut off");
        if (line == ".\r\n") co_return;
        now->content += line;
    }
}

Site::Site(std::vector<std::string> addresses) : TestHost("a.example", std::move(addresses)) {
    options.host_name = "mx.a.example";
    REQUIRE(run(directory->load()).has_value());
}

Site::~Site() {
    if (transport) stop();
}

void Site::start() {
    const TransportOptions given = options;
    queue = queue::make_queue(*store, world->log(), {.destination_of = [given](std::string_view domain) {
        return destination_of(given, domain);
    }});
    REQUIRE(run(queue->load()).has_value());
    transport = std::make_unique<Transport>(*world, *queue, *store, *directory, options);
    transport->start();
}

void Site::stop(std::chrono::seconds within) {
    REQUIRE(network.run(*world, transport->stop(world->after(within))));
    transport.reset();
}

QueueId Site::submit(std::vector<std::string> recipients, std::string content,
                     const std::function<void(queue::NewEntry&)>& change) {
    const auto writer = store->blobs().writer(100'000'000);
    REQUIRE(run(writer->append(content)).has_value());
    std::vector<store::StagedBlob> staged{run(writer->finish()).value()};
    queue::NewEntry entry;
    entry.id = queue->next_id(*world);
    entry.reverse_path = {"ann", "a.example"};
    entry.created = world->now();
    entry.expiry = entry.created + options.retry.expire_after;
    entry.blob = staged[0].ref;
    entry.prefix = "Received: by mx.a.example\r\n";
    for (const std::string& text : recipients)
        entry.recipients.push_back({smtp::parse_address(text).value(), {}, std::nullopt});
    if (change) change(entry);
    const QueueId id = entry.id;
    std::vector<store::Batch> batches;
    auto added = queue::add(batches.emplace_back(store::queue_partition), std::move(entry));
    REQUIRE(added.has_value());
    REQUIRE(run(store->commit(std::move(batches), std::move(staged))).has_value());
    queue->added(*added);
    return id;
}

queue::Shown Site::show(QueueId id) {
    auto shown = run(queue->show(id));
    REQUIRE(shown.has_value());
    return *std::move(shown);
}

bool Site::gone(QueueId id) {
    return !run(queue->show(id)).has_value();
}

bool Site::until_empty(std::chrono::microseconds limit) {
    return until([this] { return queue->counts().entries == 0 && transport->attempts() == 0; }, limit);
}

AccountId Site::add_ann() {
    REQUIRE(run(directory->add_domain("a.example")).has_value());
    auto made = run(directory->add_account({.address = "ann@a.example",
                                            .display_name = "",
                                            .password = "a long enough password",
                                            .quota_octets = 0,
                                            .scram = false},
                                           &mailbox::Accounts::create));
    REQUIRE(made.has_value());
    return made->id;
}

namespace {

net::Task<std::vector<std::string>> read_inbox(std::shared_ptr<mailbox::Account> account) {
    std::vector<std::string> found;
    for (std::uint64_t id = 1; id <= 20; ++id) {
        const auto emails = co_await account->emails({EmailId(id)});
        if (!emails) break;
        for (const auto& email : *emails) {
            if (!email) continue;
            const auto text = co_await account->read(email, 0, email->octets());
            if (text) found.push_back(*text);
        }
    }
    co_return found;
}

net::Task<bool> stop_accounts(mailbox::Accounts* accounts) {
    co_await accounts->stop();
    co_return true;
}

}  // namespace

std::vector<std::string> Site::inbox(AccountId account) {
    const auto accounts = mailbox::make_accounts(*store, {world}, {});
    std::vector<std::string> found = run(read_inbox(accounts->open(account)));
    run(stop_accounts(accounts.get()));
    return found;
}

bool Site::logged(std::string_view text) const {
    return !log_line(text).empty();
}

std::string Site::log_line(std::string_view text) const {
    for (auto line = world->log_lines().rbegin(); line != world->log_lines().rend(); ++line)
        if (line->contains(text)) return *line;
    return {};
}

}  // namespace heliopost::transport
