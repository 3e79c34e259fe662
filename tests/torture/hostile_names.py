"""The behaviours of the hostile MX and DNS servers, and where each MX listens."""

import ipaddress

MX_BEHAVIOURS = ["good", "inject", "endless_greeting", "endless_line", "endless_reply", "drip", "after_dot",
                 "half_reply", "storm", "busy", "tls_garbage", "tls_drop", "silent", "greets_250", "greets_200",
                 "greets_twice"]
DNS_BEHAVIOURS = ["cname_chain", "cname_loop", "many_records", "truncated", "wrong_id", "wrong_question", "slow",
                  "servfail", "garbage", "bogus"]
DELIVERED_AT_ONCE = ["good", "many_records"]  # hostile or not, these do not keep mail back


def domain_of(behaviour):
    name = behaviour.replace("_", "-")
    return f"{name}.example" if behaviour in MX_BEHAVIOURS else f"{name}-dns.example"


def address_of(behaviour):
    return ipaddress.ip_address(f"127.0.2.{MX_BEHAVIOURS.index(behaviour) + 1}").packed
