#include "checks/dkim/sign.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "proto/dkim/covered.h"

namespace heliopost::dkim_check {
namespace {

constexpr size_t line_octets = 72;  // RFC 5322 §2.1.1 wants less than 78

// Words joined by the separator, a new line where the old one would be too long.
std::string folded(const std::vector<std::string>& words, std::string_view separator, size_t used) {
    std::string out;
    for (size_t i = 0; i < words.size(); ++i) {
        const std::string word = words[i] + (i + 1 < words.size() ? std::string(separator) : "");
        if (used + word.size() > line_octets) {
            out += "\r\n\t";
            used = 1;
        }
        out += word;
        used += word.size();
    }
    return out;
}

std::vector<std::string> pieces_of(std::string_view text) {
    std::vector<std::string> pieces;
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), line_octets - 4)))
        pieces.emplace_back(text.substr(0, line_octets - 4));
    return pieces;
}

}  // namespace

std::vector<std::string> usual_fields() {
    return {"From",       "To",           "Cc",           "Subject",
            "Date",       "Message-ID",   "Reply-To",     "In-Reply-To",
            "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
}

std::vector<std::string> over_signed(const std::vector<std::string>& fields, std::string_view header) {
    std::vector<std::string_view> there;
    mime::FieldReader reader(header);
    while (const auto field = reader.next()) there.push_back(field->name);
    std::vector<std::string> names;
    for (const std::string& name : fields) {
        const auto same = [&](std::string_view other) { return same_ignoring_case(other, name); };
        names.insert(names.end(), 1 + static_cast<size_t>(std::ranges::count_if(there, same)), name);
    }
    return names;
}

std::string signature_field(const Signer& signer, std::string_view header, std::string_view body_hash,
                            Time now) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const std::vector<std::string> names = over_signed(signer.fields, header);
    std::string field = "DKIM-Signature: v=1; a=" + std::string(signer.key->is_rsa() ? "rsa" : "ed25519") +
                        "-sha256; c=relaxed/relaxed;\r\n\td=" + signer.domain + "; s=" + signer.selector +
                        "; t=" + std::to_string(seconds) + ";";
    if (signer.lifetime) field += " x=" + std::to_string(seconds + signer.lifetime->count()) + ";";
    field += "\r\n\th=" + folded(names, ":", 3) + ";\r\n\tbh=" + to_base64(body_hash) + ";\r\n\tb=";
    crypto::Sha256 hash;
    hash.add(dkim::covered_header(header, names, field + "\r\n", dkim::Canonicalization::relaxed));
    return field + folded(pieces_of(to_base64(signer.key->sign(hash.finish()))), "", 3) + "\r\n";
}

}  // namespace heliopost::dkim_check
