#include "transport/bounce.h"

#include <string>
#include <utility>

#include "base/base64.h"
#include "delivery/notify.h"

namespace heliopost::transport {
namespace {

constexpr std::size_t header_read_octets = 64 * 1024;  // of what a summary is chosen from

}  // namespace

net::Task<Result<queue::Also>> make_bounce(delivery::Delivering* with, directory::Directory* directory,
                                           std::shared_ptr<const queue::Entry> entry,
                                           std::vector<dsn::Recipient> recipients) {
    net::World& world = with->world;
    const QueueId id = with->queue.next_id(world);
    dsn::Report report;
    report.reporting_mta = with->host_name;
    report.from = "Mail Delivery System <postmaster@" + with->host_name + ">";
    report.to = entry->reverse_path;
    report.message_id = queue::to_text(id) + "." + to_hex(world.random_octets(8)) + "@" + with->host_name;
    report.boundary = to_hex(world.random_octets(16));
    report.date = world.now();
    report.arrival = entry->created;
    report.envelope_id = entry->envelope_id;
    report.queue_id = queue::to_text(entry->id);
    // The message may be damaged or gone from the store: the sender is told all the same.
    const Result<std::string> front =
        co_await with->store.blobs().read(entry->blob.id, 0, header_read_octets);
    report.original_message = entry->prefix;
    // Its sender may be forged, and did not choose to whom it went.
    report.summary = entry->source == queue::Source::forward;
    if (front) report.original_message += *front;
    report.recipients = std::move(recipients);
    auto made =
        co_await delivery::make_notification(with, directory, id, entry->reverse_path, dsn::compose(report));
    if (!made) co_return std::unexpected(std::move(made).error());
    world.log().info("dsn", {{"queue_id", queue::to_text(id)},
                             {"about", report.queue_id},
                             {"to", smtp::to_string(entry->reverse_path)},
                             {"recipients", report.recipients.size()},
                             {"local", made->filings},
                             {"queued", made->relays}});
    co_return std::move(made->also);
}

}  // namespace heliopost::transport
