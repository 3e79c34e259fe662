#include "main/scrub_report.h"

#include <exception>
#include <utility>

#include "base/base64.h"
#include "mailbox/places.h"
#include "queue/entry.h"
#include "store/keys.h"  // where a blob keeps its references: as fsck

namespace heliopost {
namespace {

constexpr std::string_view look_closer =
    "stop the server, run heliopost fsck to see what is lost, and look after the disk";

class Telling {
public:
    Telling(net::World* world, store::Store* store, directory::Directory* directory, store::BlobId blob,
            std::string what)
        : world_(world),
          store_(store),
          directory_(directory),
          blob_(blob),
          hex_(to_hex(blob.view())),
          what_(std::move(what)) {}

    net::Task<Result<void>> tell() {
        CO_TRY(co_await store_->blobs().distrust(blob_));  // what is restored must not lean on it
        const std::string prefix = store::reference_prefix(blob_);
        const auto rows =
            CO_TRY(co_await store_->scan(store::blobs_partition, prefix, store::after_prefix(prefix),
                                         scrub_lines, store::Direction::forward));
        for (const auto& [key, value] : rows) CO_TRY(co_await tell_holder(key));
        if (lines_ == 0)
            world_->log().error("scrub.damaged",
                                {{"blob", hex_}, {"what", what_}, {"advice", "none: no message needs it"}});
        co_return Result<void>();
    }

private:
    net::Task<Result<void>> tell_holder(std::string key) {
        store::TupleReader in(std::string_view(key).substr(1 + blob_.octets.size()));
        const store::PartitionId::Kind kind{CO_TRY(in.u8())};
        const std::uint64_t number = CO_TRY(in.u64());
        const std::uint64_t holder = CO_TRY(in.u64());
        if (kind == store::PartitionId::Kind::queue) {
            ++lines_;
            world_->log().error("scrub.damaged", {{"queue_id", queue::to_text(QueueId(holder))},
                                                  {"blob", hex_},
                                                  {"what", what_},
                                                  {"advice", "ask its sender to send it again"}});
        } else if (kind == store::PartitionId::Kind::account) {
            CO_TRY(co_await tell_email(AccountId(number), EmailId(holder)));
        }
        co_return Result<void>();
    }

    net::Task<Result<void>> tell_email(AccountId id, EmailId email) {
        const auto account = co_await directory_->account(id);
        const std::string name = account ? account->address : std::to_string(id.value);
        const std::string advice =
            "restore the message from a backup: heliopost restore DIR --in-place --account " + name;
        for (const mailbox::Place& place : CO_TRY(co_await mailbox::places_of(store_, id, email))) {
            if (++lines_ > scrub_lines) break;
            world_->log().error("scrub.damaged", {{"account", name},
                                                  {"mailbox", place.mailbox},
                                                  {"uid", place.uid.value},
                                                  {"blob", hex_},
                                                  {"what", what_},
                                                  {"advice", advice}});
        }
        co_return Result<void>();
    }

    net::World* world_;
    store::Store* store_;
    directory::Directory* directory_;
    store::BlobId blob_;
    const std::string hex_;
    const std::string what_;
    std::size_t lines_ = 0;
};

std::string time_or_nothing(const std::optional<Time>& time) {
    return time ? to_rfc3339(*time) : "";
}

std::string counts(const store::ScrubCount& count) {
    return std::to_string(count.tables) + " tables, " + std::to_string(count.blobs) + " blobs, " +
           std::to_string(count.octets >> 20) + " MiB, " + std::to_string(count.damaged) + " damaged";
}

}  // namespace

net::Task<void> tell_damage(net::World* world, store::Store* store, directory::Directory* directory,
                            store::ScrubDamage damage) {
    if (!damage.blob) {
        world->log().error("scrub.damaged",
                           {{"table", damage.file}, {"what", damage.what}, {"advice", look_closer}});
        co_return;
    }
    Telling telling(world, store, directory, *damage.blob, damage.what);
    Result<void> told;
    try {
        told = co_await telling.tell();
    } catch (const net::Stopped&) {
        throw;
    } catch (const std::exception& error) {
        told = fail(Fault::internal, error.what());
    }
    if (!told)  // whose it is cannot be told
        world->log().error("scrub.damaged", {{"blob", to_hex(damage.blob->view())},
                                             {"what", damage.what},
                                             {"reason", told.error().text},
                                             {"advice", look_closer}});
}

void tell_finished(const Log& log, const store::ScrubStatus& status) {
    const auto& count = status.last;
    const LogFields fields = {{"octets", count.octets},
                              {"tables", count.tables},
                              {"blobs", count.blobs},
                              {"damaged", count.damaged}};
    if (count.damaged == 0) return log.info("scrub.finished", fields);
    log.error("scrub.finished", fields);
}

std::vector<admin::Cell> scrub_cells(const store::ScrubStatus& status) {
    const store::ScrubCount& count = status.ended ? status.last : status.now;
    const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
    return {time_or_nothing(status.began), time_or_nothing(status.ended), status.walks,
            number(count.octets),          number(count.tables),          number(count.blobs),
            number(count.damaged)};
}

std::string scrub_line(const store::ScrubStatus& status) {
    std::string line = "scrub: ";
    line += status.ended ? "last ended " + to_rfc3339(*status.ended) + ", " + counts(status.last)
                         : std::string("no walk has ended yet");
    if (status.walks)
        line += "; under way since " + time_or_nothing(status.began) + ", " + counts(status.now);
    return line;
}

}  // namespace heliopost
