// SHA-256 over octets as they come (OpenSSL). The hash of blobs, and of what DKIM signs.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace heliopost::crypto {

class Sha256 {
public:
    Sha256();
    void add(std::string_view octets);
    std::string finish();  // 32 octets; once

private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace heliopost::crypto
