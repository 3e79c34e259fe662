// What the log says of what the scrub found (store/scrub.h): whose message it is, and what to do.
#pragma once

#include "directory/directory.h"
#include "net/task.h"
#include "net/world.h"
#include "server/admin/message.h"
#include "store/scrub.h"
#include "store/store.h"

namespace heliopost {

// A line for each place that needs the blob, at most scrub_lines; at level error. All pointers outlive
// it.
net::Task<void> tell_damage(net::World* world, store::Store* store, directory::Directory* directory,
                            store::ScrubDamage damage);
inline constexpr std::size_t scrub_lines = 20;

void tell_finished(const Log& log, const store::ScrubStatus& status);

// For `heliopost status`: cells of a row, and a line for people.
inline const std::vector<std::string> scrub_columns{"scrub_began",  "scrub_ended",  "scrub_walks",
                                                    "scrub_octets", "scrub_tables", "scrub_blobs",
                                                    "scrub_damaged"};
std::vector<admin::Cell> scrub_cells(const store::ScrubStatus& status);
std::string scrub_line(const store::ScrubStatus& status);

}  // namespace heliopost
