// The file that a backup's key is kept in.
#include <openssl/crypto.h>
#include <sys/stat.h>

#include "backup/file.h"
#include "backup/seal.h"

namespace heliopost::backup {

Result<Key> Key::read(const std::string& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) == 0 && (status.st_mode & 077) != 0)
        return fail(Fault::denied, "others may read the key " + file + ": chmod 600 it, or make a new one");
    InputFile in = TRY(InputFile::open(file));
    std::string octets = TRY(in.read());
    if (octets.size() != Secret::octets)
        return fail(Fault::syntax, file + " is no key: `heliopost backup --new-key FILE` makes one");
    const Key key{Secret(octets)};
    OPENSSL_cleanse(octets.data(), octets.size());
    return key;
}

Result<> Key::make(const std::string& file) {
    std::string octets = crypto::random_octets(Secret::octets);
    const Secret secret(octets);
    OPENSSL_cleanse(octets.data(), octets.size());
    OutputFile out = TRY(OutputFile::create(file));
    TRY(out.write(secret.view()));
    return out.finish();
}

}  // namespace heliopost::backup
