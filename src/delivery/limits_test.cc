// What goes past a limit of this folder that no other test names.
#include <doctest/doctest.h>

#include "delivery/incoming.h"
#include "delivery/test_world.h"

namespace heliopost::delivery {

TEST_CASE_FIXTURE(TestDelivery, "limits: what is kept of a message's front beside its blob") {
    const auto header =
        message("Subject: s\r\nX: " + std::string(2 * header_kept_max, 'x') + "\r\n\r\nbody\r\n");
    CHECK(header->header.size() == header_kept_max);
    const auto shown = message("Subject: s\r\n\r\n" + std::string(preview_source_max - 1, ' ') + "near");
    CHECK(shown->preview == "n");
    const auto far = message("Subject: s\r\n\r\n" + std::string(preview_source_max, ' ') + "far");
    CHECK(far->preview.empty());
}

}  // namespace heliopost::delivery
