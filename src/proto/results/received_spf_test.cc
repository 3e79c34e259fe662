#include "proto/results/received_spf.h"

#include <doctest/doctest.h>

namespace heliopost::results {

TEST_CASE("received-spf: RFC 7208 §9.1") {
    CHECK(write_received_spf({"pass", "2001:db8::1 meets \"all\"", "2001:db8::1", "ann@a.example",
                              "mx.a.example", "mx.b.example", "all", "mailfrom"}) ==
          "Received-SPF: pass\r\n\t(2001:db8::1 meets \"all\")\r\n\tclient-ip=\"2001:db8::1\";\r\n"
          "\tenvelope-from=\"ann@a.example\";\r\n\thelo=mx.a.example;\r\n\tidentity=mailfrom;\r\n\tmechanism="
          "all;\r\n"
          "\treceiver=mx.b.example\r\n");
    CHECK(write_received_spf({"none", "a)\r\nX: (", "", "a\"\r\nb@c", "", "", "", "helo"}) ==
          "Received-SPF: none\r\n\t(a\\)??X: \\()\r\n\tenvelope-from=\"a\\\"??b@c\";\r\n\tidentity=helo\r\n");
}

}  // namespace heliopost::results
