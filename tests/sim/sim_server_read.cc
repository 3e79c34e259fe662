// What a SimServer's store holds, read when nobody changes it.
#include <map>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "directory/check.h"
#include "mailbox/check.h"
#include "queue/check.h"
#include "sim/ledger.h"
#include "sim/running.h"
#include "store/keys.h"  // where a blob keeps its references, as main/fsck.cc
#include "store/tuple.h"

namespace heliopost::sim {
namespace {

constexpr std::size_t page_rows = 1'000;

// Every row of a partition, in order.
net::Task<std::vector<store::KeyValue>> all_rows(store::Store* store, store::PartitionId partition) {
    std::vector<store::KeyValue> all;
    std::string low;
    for (bool more = true; more;) {
        auto page = must(co_await store->scan(partition, low, {}, page_rows, store::Direction::forward));
        more = page.size() == page_rows;
        if (more) low = page.back().first + '\0';
        std::move(page.begin(), page.end(), std::back_inserter(all));
    }
    co_return all;
}

class Judging {
public:
    Judging(store::Store* store, std::vector<std::string>* problems) : store_(*store), problems_(*problems) {}

    net::Task<void> run() {
        const auto of_directory = co_await all_rows(&store_, store::directory_partition);
        directory::Check directory;
        for (const auto& [key, value] : of_directory) directory.row(key, value);
        directory.finish();
        add("directory", directory.findings());
        const auto of_queue = co_await all_rows(&store_, store::queue_partition);
        queue::Check queue;
        for (const auto& [key, value] : of_queue) queue.row(key, value);
        queue.finish();
        add("queue", queue.findings());
        for (const auto& kept : queue.blobs()) queued_.emplace(kept.id.value, kept.blob);
        for (const auto& [account, address] : directory.accounts()) {
            const auto found = must(co_await mailbox::check(&store_, AccountId(account)));
            add(address, found);
        }
        co_await check_blobs();
    }

private:
    void add(const std::string& where, const std::vector<store::Problem>& found) {
        for (const store::Problem& problem : found) problems_.push_back(where + ": " + problem.line());
    }

    // Each blob has a reference, and each reference somebody who keeps what it stands for.
    net::Task<void> check_blobs() {
        const auto rows = co_await all_rows(&store_, store::blobs_partition);
        std::map<std::string, std::size_t> references;
        for (const auto& [key, value] : rows) {
            if (key.empty() || key[0] != static_cast<char>(store::reference_rows)) continue;
            ++references[key.substr(1, 16)];
            co_await check_reference(key);
        }
        for (const auto& [key, value] : rows) {
            const bool manifest = key[0] == static_cast<char>(store::manifest_rows);
            const bool open = key[0] == static_cast<char>(store::open_rows);
            if (open || (manifest && references[key.substr(1, 16)] == 0))
                problems_.push_back("blob " + to_hex(key.substr(1)) +
                                    ": nobody keeps it, and it is not swept");
        }
    }

    net::Task<void> check_reference(std::string key) {
        store::TupleReader in(std::string_view(key).substr(17));
        const auto blob = must(store::BlobId::from(std::string_view(key).substr(1, 16)));
        const store::PartitionId::Kind kind{must(in.u8())};
        const std::uint64_t number = must(in.u64());
        const std::uint64_t holder = must(in.u64());
        bool kept = false;
        if (kind == store::PartitionId::Kind::queue) {
            const auto entry = queued_.find(holder);
            kept = entry != queued_.end() && entry->second == blob;
        } else {
            kept = must(co_await mailbox::keeps(&store_, AccountId(number), EmailId(holder), blob));
        }
        if (!kept)
            problems_.push_back("blob " + to_hex(blob.view()) + ": kept for " + std::to_string(holder) +
                                ", which does not keep it");
    }

    store::Store& store_;
    std::vector<std::string>& problems_;
    std::map<std::uint64_t, store::BlobId> queued_;
};

}  // namespace

std::vector<Listed> MailboxState::listed() const {
    std::vector<Listed> all;
    for (const Row& row : rows) {
        std::set<std::string> flags;
        for (const std::string_view word : split(row.flags, ' '))
            if (!word.empty()) flags.emplace(word);
        all.push_back({.uid = row.uid, .flags = std::move(flags), .mod_sequence = row.mod_sequence});
    }
    return all;
}

net::Task<void> SimServer::read_task(std::string user, bool texts, std::vector<MailboxState>* into) {
    const auto found = must(co_await running_->directory->account(std::move(user)));
    const auto account = running_->accounts->open(found.id);
    const auto listing = must(co_await account->list());
    for (const mailbox::Mailbox& mailbox : listing.mailboxes) {
        const auto view = must(co_await account->view(mailbox.id));
        MailboxState state{.name = mailbox.name,
                           .validity = mailbox.uid_validity.value,
                           .uid_next = view->status().uid_next.value,
                           .highest = view->status().highest_mod_sequence.value,
                           .rows = {}};
        for (std::size_t i = 0; i < view->size(); ++i) {
            const mailbox::Row& row = view->at(i);
            MailboxState::Row out{
                .uid = row.uid.value, .flags = {}, .mod_sequence = row.mod_sequence.value, .text = {}};
            view->append_flags(out.flags, row);
            if (texts) {
                const auto emails = must(co_await account->emails({row.email}));
                while (out.text.size() < emails.at(0)->octets())
                    out.text +=
                        must(co_await account->read(emails.at(0), out.text.size(), store::chunk_octets));
            }
            state.rows.push_back(std::move(out));
        }
        into->push_back(std::move(state));
    }
}

std::vector<MailboxState> SimServer::read_account(const std::string& user, bool texts) {
    std::vector<MailboxState> state;
    run(read_task(user, texts, &state));
    return state;
}

net::Task<void> SimServer::judge_task(std::vector<std::string>* problems) {
    Judging judging(&running_->store, problems);
    co_await judging.run();
}

std::vector<std::string> SimServer::judge() {
    std::vector<std::string> problems;
    run(judge_task(&problems));
    return problems;
}

}  // namespace heliopost::sim
