#include "main/restore_mail.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "delivery/incoming.h"
#include "mailbox/keys.h"
#include "mailbox/mailboxes.h"
#include "main/program.h"
#include "main/restored_name.h"
#include "main/run_task.h"
#include "net/system_clock.h"
#include "proto/imap/mailbox_name.h"
#include "store/keys.h"
#include "store/rocks_database.h"

namespace heliopost {
namespace {

Log unheard(LogFormat::logfmt, LogLevel::error, net::system_now, [](LogLevel, std::string_view) {});

// A store with one account, out of which and into which mail is restored.
class Post {
public:
    Post() {
        REQUIRE(mkdtemp(path_.data()) != nullptr);
        settings_.server.data_directory = path_ + "/store";
        settings_.server.admin_socket = "";
        settings_.server.disk_reserve = 1;
        settings_.server.threads = 1;
        std::filesystem::create_directory(settings_.server.data_directory);
        open();
        REQUIRE(run(program_->directory().add_domain("a.example")).has_value());
        const auto ann = run(program_->directory().add_account({"ann@a.example", "", "password", 0, false},
                                                               &mailbox::Accounts::create));
        REQUIRE(ann.has_value());
        id_ = ann->id;
    }
    ~Post() {
        close();
        std::filesystem::remove_all(path_);
    }
    Post(const Post&) = delete;
    Post& operator=(const Post&) = delete;

    template <class T>
    T run(net::Task<T> task) {
        return run_task(program_->world(), std::move(task));
    }
    std::shared_ptr<mailbox::Account> account() { return program_->accounts().open(id_); }

    MailboxId make(const std::string& name) {
        const auto made = run(account()->create(name, mailbox::Role::none));
        REQUIRE_MESSAGE(made.has_value(), name);
        return made->id;
    }
    void append(MailboxId to, const std::string& text) {
        REQUIRE(run(append_to(&program_->store(), account(), to, text)).has_value());
    }
    std::size_t messages(const std::string& name) {
        const auto found = run(account()->find(name));
        if (!found) return 0;
        const auto status = run(account()->status(found->id));
        REQUIRE(status.has_value());
        return status->messages;
    }
    // What the engine holds, while nobody has it open.
    void damage(const std::function<void(store::Database&)>& change) {
        close();
        store::RocksOptions options;
        options.path = settings_.server.data_directory;
        options.disk_reserve = 0;
        {
            auto database = store::open_database(options);
            REQUIRE(database.has_value());
            change(**database);
        }
        open();
    }
    // One octet of the blob that has the text.
    void damage_blob(const std::string& text) {
        damage([&](store::Database& database) {
            const std::unique_ptr<rocksdb::Iterator> at(database.db->NewIterator({}, database.chunks));
            std::size_t damaged = 0;
            for (at->SeekToFirst(); at->Valid(); at->Next()) {
                std::string chunk = at->value().ToString();
                if (!chunk.contains(text)) continue;
                chunk.back() = static_cast<char>(chunk.back() ^ 1);
                REQUIRE(database.db->Put({}, database.chunks, at->key(), chunk).ok());
                ++damaged;
            }
            REQUIRE(damaged == 1);
        });
    }
    AccountId id() const { return id_; }

    Result<MailRestored> restore(MailChoice choice = {}) {
        choice.account = "ann@a.example";
        choice.date = "2026-11-23";
        lines.clear();
        return run(restore_mail(&program_->world(), &program_->store(), target_.get(), std::move(choice),
                                [this](const std::string& line) { lines.push_back(line); }));
    }
    std::vector<std::string> lines;

private:
    static net::Task<Result<void>> append_to(store::Store* store, std::shared_ptr<mailbox::Account> account,
                                             MailboxId to, std::string text) {
        delivery::Incoming incoming(*store, text.size());
        co_await incoming.append(text);
        auto message = CO_TRY(co_await incoming.finish());
        std::vector<mailbox::NewEmail> emails(1);
        emails[0].blob = message.blob.ref;
        emails[0].received = net::system_now();
        emails[0].structure = std::move(message.structure);
        std::vector<store::StagedBlob> blobs;
        blobs.push_back(std::move(message.blob));
        CO_TRY(co_await account->append(to, std::move(emails), std::move(blobs), {}, mailbox::Quota()));
        co_return Result<void>();
    }
    void open() {
        program_ = std::make_unique<Program>(settings_, "", unheard);
        auto target = open_target(*program_, settings_.server);
        REQUIRE_MESSAGE(target.has_value(), (target ? "" : target.error().text));
        target_ = *std::move(target);
    }
    void close() {
        target_.reset();
        program_.reset();
    }

    std::string path_ = (std::filesystem::temp_directory_path() / "heliopost-restore-XXXXXX").string();
    Settings settings_;
    AccountId id_;
    std::unique_ptr<Program> program_;
    std::unique_ptr<MailTarget> target_;
};

std::string text(const std::string& subject) {
    return "From: Bob <bob@b.example>\r\nSubject: " + subject + "\r\n\r\n" + subject + "\r\n";
}

// Its record is as large as the limits of the structure allow, some 600 KB.
std::string addressed(const std::string& subject) {
    std::string to = "To: first@a.example";
    for (int i = 0; i < 9000; ++i) {
        const std::string number = std::to_string(i);
        to += ",\r\n Person Number" + number + " <person" + number + "@department" + number + ".example>";
    }
    return to + "\r\n" + text(subject);
}

constexpr char below[] = "Restored/2026-11-23/";

}  // namespace

TEST_CASE("restore_mail: all of a mailbox whose records come in several reads") {
    Post post;
    constexpr std::size_t count = 2 * mailbox::emails_octets_max / 600'000;
    for (std::size_t i = 0; i < count; ++i) post.append(mailbox::inbox, addressed(std::to_string(i)));
    const auto done = post.restore({.mailbox = "INBOX"});
    REQUIRE(done.has_value());
    CHECK(done->messages == count);
    CHECK(done->failed == 0);
    CHECK(post.messages(below + std::string("INBOX")) == count);
}

TEST_CASE("restore_mail: a message whose record is lost is named, and those behind it come") {
    Post post;
    for (const char* subject : {"one", "two", "three"}) post.append(mailbox::inbox, text(subject));
    post.damage([&](store::Database& database) {
        const std::string key = store::engine_key(store::account_partition(post.id()), store::Space::rows,
                                                  mailbox::key::email(EmailId(2), 0));
        std::string was;
        REQUIRE(database.db->Get({}, database.rows, key, &was).ok());
        REQUIRE(database.db->Delete({}, database.rows, key).ok());
    });
    auto done = post.restore();
    REQUIRE(done.has_value());
    CHECK(done->messages == 2);
    CHECK(done->failed == 1);
    CHECK(post.lines == std::vector<std::string>{"not restored: UID 2 of INBOX: its record is lost"});
    done = post.restore({.mailbox = "INBOX", .uid = 3});
    REQUIRE(done.has_value());
    CHECK(done->failed == 0);
    CHECK(done->present == 1);
}

TEST_CASE("restore_mail: one bad message does not keep back what stands behind it") {
    Post post;
    for (const char* subject : {"one", "two", "three"}) post.append(mailbox::inbox, text(subject));
    post.append(post.make("Zebra"), text("four"));
    SUBCASE("its octets are damaged") {
        post.damage_blob("Subject: two");
        for (const bool again : {false, true}) {
            const auto done = post.restore({.mailbox = again ? "INBOX" : ""});
            REQUIRE(done.has_value());
            CHECK(done->messages == (again ? 0 : 3));
            CHECK(done->present == (again ? 2 : 0));
            CHECK(done->failed == 1);
            REQUIRE(post.lines.size() == 1);
            CHECK_MESSAGE(post.lines[0].starts_with("not restored: UID 2 of INBOX: "), post.lines[0]);
        }
    }
    SUBCASE("its record is damaged") {
        post.damage([&](store::Database& database) {
            const std::string key = store::engine_key(store::account_partition(post.id()), store::Space::rows,
                                                      mailbox::key::email(EmailId(2), 0));
            REQUIRE(database.db->Put({}, database.rows, key, "no record").ok());
        });
        const auto done = post.restore();
        REQUIRE(done.has_value());
        CHECK(done->messages == 3);
        CHECK(done->failed == 1);
        REQUIRE(post.lines.size() == 1);
        CHECK_MESSAGE(post.lines[0].starts_with("not restored: UID 2 of INBOX: "), post.lines[0]);
    }
    CHECK(post.messages(below + std::string("INBOX")) == 2);
    CHECK(post.messages(below + std::string("Zebra")) == 1);
}

TEST_CASE("restore_mail: a mailbox that cannot be made does not keep back the others") {
    Post post;
    const auto b = post.make("Bad");
    post.append(b, text("one"));
    post.append(post.make("Zebra"), text("two"));
    post.damage([&](store::Database& database) {
        const std::string key = store::engine_key(store::account_partition(post.id()), store::Space::rows,
                                                  mailbox::key::of(mailbox::key::Kind::base, b));
        REQUIRE(database.db->Put({}, database.rows, key, "no record").ok());
    });
    const auto done = post.restore();
    REQUIRE(done.has_value());
    CHECK(done->failed == 1);
    REQUIRE(post.lines.size() == 1);
    CHECK_MESSAGE(post.lines[0].starts_with("not restored: mailbox Bad: "), post.lines[0]);
    CHECK(post.messages(below + std::string("Zebra")) == 1);
}

TEST_CASE("restore_mail: names that do not fit below Restored are shortened, and stay apart") {
    const std::string date = "2026-11-23";
    CHECK(restored_name(date, "Archive/2025") == below + std::string("Archive/2025"));
    std::string deep = "b";
    for (std::size_t i = 1; i < mailbox::name_depth_max - 1; ++i) deep += "/b";
    const std::string deepest = deep + "/b";
    const std::string longest = "B" + std::string(249, 'b') + "/" + std::string(261, 'c');
    REQUIRE(longest.size() == mailbox::name_octets_max);
    std::string umlauts;
    while (umlauts.size() < 500) umlauts += "\xc3\xa4";
    for (const std::string& name : {deep, deepest, longest, umlauts, "x" + umlauts}) {
        const std::string fitted = restored_name(date, name);
        CHECK(fitted.starts_with(below));
        CHECK(imap::check_mailbox_name(fitted).has_value());
        CHECK(fitted.size() <= mailbox::name_octets_max);
        CHECK(restored_name(date, name) == fitted);
    }
    CHECK(restored_name(date, longest) != restored_name(date, longest.substr(0, 511) + "d"));

    Post post;
    post.append(post.make(deepest), text("one"));
    post.append(post.make(longest), text("two"));
    post.append(post.make("zebra"), text("three"));
    const auto done = post.restore();
    REQUIRE(done.has_value());
    CHECK(done->messages == 3);
    CHECK(done->failed == 0);
    for (const std::string& name : {deepest, longest, std::string("zebra")})
        CHECK(post.messages(restored_name(date, name)) == 1);
}

}  // namespace heliopost
